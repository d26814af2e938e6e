/** A medium: a store that is open as long as it lies in the drive, or a request still works on it. */
import type { Store } from "../store/store.ts";

export class Medium {
  readonly store: Store;
  /** Blocks. */
  readonly capacity: number;
  #isRemoved = false;
  #requests = 0;

  constructor(store: Store, blockSize: number) {
    this.store = store;
    this.capacity = Math.floor(store.size / blockSize);
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
    this.#closeIfUnused();
  }

  /** Takes it out for good; the store is closed as soon as no request works on it. */
  remove(): void {
    this.#isRemoved = true;
    this.#closeIfUnused();
  }

  #closeIfUnused(): void {
    if (this.#isRemoved && this.#requests === 0) this.store.close();
  }
}
