/** A store that knows which of the changes made to it a loss of power would take: those that no flush followed. */
import type { IoVector } from "../../ffi/iovec.ts";
import { IoOperation, type IoRequest, nameOfOperation } from "../../lib/store/io_request.ts";
import type { Store } from "../../lib/store/store.ts";

const VOLATILE: readonly number[] = [
  IoOperation.WRITE,
  IoOperation.PUNCH,
  IoOperation.ZERO,
  IoOperation.FILL,
  IoOperation.DISCARD,
];

export class VolatileStore implements Store {
  readonly size: number;
  readonly physicalBlockSize: number;
  readonly countsSpace: boolean;
  readonly identity: string | undefined;
  /** Changes that no flush has followed. */
  unflushed = 0;
  /** Operations since the last look, but those that only read. */
  calls: string[] = [];
  #inner: Store;

  constructor(inner: Store) {
    this.#inner = inner;
    this.size = inner.size;
    this.physicalBlockSize = inner.physicalBlockSize;
    this.countsSpace = inner.countsSpace;
    this.identity = inner.identity;
  }

  readNow(iov: IoVector, offset: number, length: number): number {
    return this.#inner.readNow(iov, offset, length);
  }

  writeNow(iov: IoVector, offset: number, length: number): number {
    this.#note(IoOperation.WRITE);
    return this.#inner.writeNow(iov, offset, length);
  }

  submit(request: IoRequest): void {
    this.#note(request.operation);
    this.#inner.submit(request);
  }

  close(): void {
    this.#inner.close();
  }

  #note(operation: number): void {
    const isVolatile = VOLATILE.includes(operation);
    if (isVolatile) this.unflushed++;
    else if (operation === IoOperation.SYNC) this.unflushed = 0;
    else if (operation !== IoOperation.WRITE_DURABLE) return;
    this.calls.push(nameOfOperation(operation));
  }
}
