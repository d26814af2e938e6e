/** What the isolate holds in memory, and whether that becomes ever more. */

/** V8's collector, with --v8-flags=--expose-gc. */
declare const gc: (() => void) | undefined;

/** Bytes that the smallest heap of late may have more than the largest one of the beginning. */
const GROWTH_MOST = 8 * 2 ** 20;
/** Measurements of the beginning, in which code is compiled and tables are filled; and of late. */
const FIRST = 3;
const LATE = 3;

/** Bytes of the heap and of buffers outside of it, without what nobody holds any more. */
export function heapBytes(): number {
  if (typeof gc !== "function") throw new Error("The heap is measured with --v8-flags=--expose-gc");
  gc();
  gc();
  const { heapUsed, external } = Deno.memoryUsage();
  return heapUsed + external;
}

/** A row of measurements; add() throws as soon as they grow. */
export class HeapWatch {
  readonly #sizes: number[] = [];

  /** The measurements so far. */
  get sizes(): readonly number[] {
    return this.#sizes;
  }

  add(bytes: number): void {
    this.#sizes.push(bytes);
    if (this.#sizes.length < FIRST + LATE) return;
    const first = Math.max(...this.#sizes.slice(0, FIRST));
    const late = Math.min(...this.#sizes.slice(-LATE));
    if (late - first > GROWTH_MOST) {
      throw new Error(`The heap grows, from ${first} to ${late} bytes: ${this.#sizes.join(", ")}`);
    }
  }
}
