/** Stops the clock of this isolate until disposal: Date.now() and performance.now() say `seconds`. */
export class StandingClock implements Disposable {
  /** May be set to let time pass. */
  seconds: number;
  #date = Date.now;
  #performance = performance.now;

  constructor(seconds: number) {
    this.seconds = seconds;
    Date.now = () => this.seconds * 1000;
    performance.now = () => this.seconds * 1000;
  }

  [Symbol.dispose](): void {
    Date.now = this.#date;
    performance.now = this.#performance;
  }
}
