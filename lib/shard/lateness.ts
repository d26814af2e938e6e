/** How late the loop's tick comes: as late as anything else that waits for its turn. */

/** Ticks that are remembered: those of the last minute. */
const TICKS = 60;

export class Lateness {
  /** Milliseconds, of the last tick. */
  last = 0;
  #ring = new Float64Array(TICKS);
  #next = 0;

  /** A tick came so many milliseconds late. */
  note(milliseconds: number): void {
    this.last = Math.max(0, milliseconds);
    this.#ring[this.#next] = this.last;
    this.#next = (this.#next + 1) % TICKS;
  }

  /** Milliseconds, of the latest tick of the last minute. */
  get worst(): number {
    return Math.max(...this.#ring);
  }
}
