/** What is open: handles by number, which the kernel repeats with each use. */
import type { Node } from "./node_table.ts";

/** More than this many at a time are refused (ENFILE). */
const MOST_HANDLES = 65536;

/** An open attribute. */
export interface FileHandle {
  readonly node: Node;
  /** What the last read at offset 0 gave; reads at other offsets go on with it. */
  snapshot: Uint8Array | undefined;
}

/** An open directory. */
export interface DirectoryHandle {
  readonly node: Node;
  /** The names at the last read from the start, so that none is given twice or left out meanwhile. */
  names: readonly string[];
}

export class Handles<Handle> {
  readonly #open = new Map<number, Handle>();
  #next = 1;

  get size(): number {
    return this.#open.size;
  }

  /** The number of a new handle; undefined when there are too many. */
  add(handle: Handle): number | undefined {
    if (this.#open.size >= MOST_HANDLES) return undefined;
    this.#open.set(this.#next, handle);
    return this.#next++;
  }

  get(fh: number): Handle | undefined {
    return this.#open.get(fh);
  }

  delete(fh: number): void {
    this.#open.delete(fh);
  }
}
