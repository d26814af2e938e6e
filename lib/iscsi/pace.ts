/** Keeps work that strangers can ask for to a part of the time, however many they are and ask for it. */

/** How many times as long as the work took the next one waits: a fifth of the time is for it. */
const REST = 4;

export class Pace {
  #waitUntil = 0;

  /** Whether the work may be done at the time `now`, in milliseconds. */
  allows(now: number): boolean {
    return now >= this.#waitUntil;
  }

  /** Some of the work was done from `began` to `ended`. */
  note(began: number, ended: number): void {
    this.#waitUntil = ended + REST * (ended - began);
  }
}
