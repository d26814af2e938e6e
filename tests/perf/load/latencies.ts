/** Times in classes that are 6 % wide: noting one costs no allocation. */

/** Classes to each power of two. */
const STEPS = 16;
const LOWEST = 2 ** -4;
const CLASSES = 32 * STEPS;

export class Latencies {
  #counts = new Uint32Array(CLASSES);
  #total = 0;

  /** Notes a time in microseconds. */
  note(microseconds: number): void {
    const at = Math.floor(Math.log2(Math.max(microseconds, LOWEST) / LOWEST) * STEPS);
    this.#counts[Math.min(at, CLASSES - 1)]!++;
    this.#total++;
  }

  /** Microseconds within which `part` of the times lie, to 6 %; 0 if there are none. */
  within(part: number): number {
    let left = this.#total * part;
    for (const [at, count] of this.#counts.entries()) {
      left -= count;
      if (left <= 0 && count > 0) return LOWEST * 2 ** ((at + 1) / STEPS);
    }
    return 0;
  }
}
