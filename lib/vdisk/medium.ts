/** A medium: a store that is open as long as it lies in the drive, or a request still works on it. */
import type { Store } from "../store/store.ts";

export class Medium {
  #store: Store;
  #blockSize: number;
  #capacity: number;
  #isRemoved = false;
  #isClosed = false;
  #requests = 0;
  #whenUnused: (() => void)[] = [];

  constructor(store: Store, blockSize: number) {
    this.#store = store;
    this.#blockSize = blockSize;
    this.#capacity = Math.floor(store.size / blockSize);
  }

  get store(): Store {
    return this.#store;
  }

  /** Puts a store between the disk and the one that it has, which closes that when it is closed. */
  wrap(around: (store: Store) => Store): void {
    this.#store = around(this.#store);
  }

  /** Blocks. */
  get capacity(): number {
    return this.#capacity;
  }

  /** Bytes: whole blocks. */
  get size(): number {
    return this.#capacity * this.#blockSize;
  }

  /** So many bytes of the store are used from now on, as far as they are whole blocks. */
  resize(bytes: number): void {
    this.#capacity = Math.floor(bytes / this.#blockSize);
  }

  /** Whether it was taken out for good. */
  get isRemoved(): boolean {
    return this.#isRemoved;
  }

  /** A request begins to work on it. */
  begin(): void {
    this.#requests++;
  }

  /** A request that began has finished with it. */
  end(): void {
    this.#requests--;
    if (this.#requests === 0 && this.#whenUnused.length > 0) {
      for (const then of this.#whenUnused.splice(0)) this.whenUnused(then);
    }
    this.#closeIfUnused();
  }

  /** Calls `then`, perhaps in the same turn, when no request works on it. */
  whenUnused(then: () => void): void {
    if (this.#requests === 0) then();
    else this.#whenUnused.push(then);
  }

  /** Takes it out for good; the store is closed as soon as no request works on it. */
  remove(): void {
    this.#isRemoved = true;
    this.#closeIfUnused();
  }

  #closeIfUnused(): void {
    if (!this.#isRemoved || this.#requests > 0 || this.#isClosed) return;
    this.#isClosed = true;
    this.store.close();
  }
}
