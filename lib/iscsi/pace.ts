/** Keeps work that strangers can ask for to a part of the time, however many they are and ask for it. */

/** How many times as long as the work took the next one waits: a fifth of the time is for it. */
const REST = 4;

export class Pace {
  #waitUntil = 0;

  /** Milliseconds from `now` on until some of the work may be done again. */
  rest(now: number): number {
    return Math.max(0, this.#waitUntil - now);
  }

  /**
   * Some of the work was done from `began` to `ended`. What was done before its time counts in full:
   * requests that have waited for their CmdSN are handled one right behind the other.
   */
  note(began: number, ended: number): void {
    this.#waitUntil = Math.max(this.#waitUntil, began) + (1 + REST) * (ended - began);
  }
}
