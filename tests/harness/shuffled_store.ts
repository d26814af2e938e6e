/**
 * A store whose calls take their time and end in any order, as the I/O workers' do: each waits until the
 * test picks it. Now and then one is done at once that could be.
 */
import { Errno } from "../../ffi/errno.ts";
import type { IoVector } from "../../ffi/iovec.ts";
import type { IoRequest } from "../../lib/store/io_request.ts";
import type { Store } from "../../lib/store/store.ts";
import type { LoggedStore } from "./logged_store.ts";
import type { Random } from "./random.ts";

export class ShuffledStore implements Store {
  readonly size: number;
  readonly physicalBlockSize: number;
  readonly countsSpace: boolean;
  readonly identity: string | undefined;
  #inner: LoggedStore;
  #random: Random;
  #held: IoRequest[] = [];

  constructor(inner: LoggedStore, random: Random) {
    this.#inner = inner;
    this.#random = random;
    this.size = inner.size;
    this.physicalBlockSize = inner.physicalBlockSize;
    this.countsSpace = inner.countsSpace;
    this.identity = inner.identity;
  }

  /** How many calls wait. */
  get held(): number {
    return this.#held.length;
  }

  /** Has one of the calls made that wait, whichever; what follows from it waits again. */
  let(): void {
    const [request] = this.#held.splice(this.#random.below(this.#held.length), 1);
    if (request !== undefined) this.#inner.submit(request);
  }

  readNow(iov: IoVector, offset: number, length: number): number {
    return this.#takesTime() ? -Errno.EAGAIN : this.#inner.readNow(iov, offset, length);
  }

  writeNow(iov: IoVector, offset: number, length: number): number {
    return this.#takesTime() ? -Errno.EAGAIN : this.#inner.writeNow(iov, offset, length);
  }

  submit(request: IoRequest): void {
    this.#inner.begin(request);
    this.#held.push(request);
  }

  close(): void {
    this.#inner.close();
  }

  #takesTime(): boolean {
    return this.#random.below(3) > 0;
  }
}
