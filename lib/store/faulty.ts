/**
 * A store that misbehaves on demand, on top of one that does not: it hangs, it fails, it transfers
 * too little. Tests use it in place of mocks, so that what is above it is the real thing. Who still
 * uses it when it is closed gets an exception: its descriptor may mean another file by then.
 */
import { Errno } from "../../ffi/errno.ts";
import type { IoVector } from "../../ffi/iovec.ts";
import { IoOperation, type IoRequest } from "./io_request.ts";
import type { Store } from "./store.ts";

export class FaultyStore implements Store {
  readonly size: number;
  readonly physicalBlockSize: number;
  readonly countsSpace: boolean;
  readonly forgets: boolean;
  readonly identity: string | undefined;
  #inner: Store;
  #held: IoRequest[] = [];
  /** Whether nothing is done at once and what is submitted waits for release(). */
  hanging = false;
  /** Operations that fail, by IoOperation, with an errno. */
  readonly failures: Map<number, number> = new Map();
  /** How often it was closed. */
  closes = 0;

  constructor(inner: Store) {
    this.#inner = inner;
    this.size = inner.size;
    this.physicalBlockSize = inner.physicalBlockSize;
    this.countsSpace = inner.countsSpace;
    this.forgets = inner.forgets ?? false;
    this.identity = inner.identity;
  }

  /** Requests that hang, oldest first. */
  get held(): readonly IoRequest[] {
    return this.#held;
  }

  readNow(iov: IoVector, offset: number, length: number): number {
    this.#mustBeOpen();
    if (this.hanging || this.failures.has(IoOperation.READ)) return -Errno.EAGAIN;
    return this.#inner.readNow(iov, offset, length);
  }

  writeNow(iov: IoVector, offset: number, length: number): number {
    this.#mustBeOpen();
    if (this.hanging || this.failures.has(IoOperation.WRITE)) return -Errno.EAGAIN;
    return this.#inner.writeNow(iov, offset, length);
  }

  submit(request: IoRequest): void {
    this.#mustBeOpen();
    if (this.hanging) this.#held.push(request);
    else this.#perform(request);
  }

  /** Performs what hangs, all of it or the oldest `count`; what comes later may hang again. */
  release(count = this.#held.length): void {
    for (const request of this.#held.splice(0, count)) this.#perform(request);
  }

  close(): void {
    if (this.closes++ === 0) this.#inner.close();
  }

  #mustBeOpen(): void {
    if (this.closes > 0) throw new Error("A store is used after it was closed");
  }

  #perform(request: IoRequest): void {
    this.#mustBeOpen();
    const errno = this.failures.get(request.operation);
    if (errno !== undefined) {
      request.result = -errno;
      request.finished(request);
      return;
    }
    const { iov, offset, length } = request;
    switch (request.operation) {
      case IoOperation.READ:
        return this.#transferred(request, this.#inner.readNow(iov, offset, length));
      case IoOperation.WRITE:
        return this.#transferred(request, this.#inner.writeNow(iov, offset, length));
      default:
        return this.#inner.submit(request);
    }
  }

  /** The store below does a transfer at once, or takes it over. */
  #transferred(request: IoRequest, result: number): void {
    if (result !== request.length) return this.#inner.submit(request);
    request.result = 0;
    request.finished(request);
  }
}
