/** A store that says of itself whether it forgets what is given back, and notes what changes ranges of it. */
import type { IoVector } from "../../ffi/iovec.ts";
import { IoOperation, type IoRequest } from "../../lib/store/io_request.ts";
import type { Store } from "../../lib/store/store.ts";

export class ForgetfulStore implements Store {
  readonly size: number;
  readonly physicalBlockSize: number;
  readonly countsSpace: boolean;
  readonly identity: string | undefined;
  readonly forgets: boolean;
  /** Operation, offset and length of all PUNCH and DISCARD. */
  readonly ranges: [operation: number, offset: number, length: number][] = [];
  #inner: Store;

  constructor(inner: Store, forgets: boolean) {
    this.#inner = inner;
    this.size = inner.size;
    this.physicalBlockSize = inner.physicalBlockSize;
    this.countsSpace = inner.countsSpace;
    this.identity = inner.identity;
    this.forgets = forgets;
  }

  readNow(iov: IoVector, offset: number, length: number): number {
    return this.#inner.readNow(iov, offset, length);
  }

  writeNow(iov: IoVector, offset: number, length: number): number {
    return this.#inner.writeNow(iov, offset, length);
  }

  submit(request: IoRequest): void {
    const { operation, offset, length } = request;
    const isRange = operation === IoOperation.PUNCH || operation === IoOperation.DISCARD;
    if (!isRange) return this.#inner.submit(request);
    this.ranges.push([operation, offset, length]);
    request.operation = IoOperation.PUNCH; // below is a file, which has nothing else
    this.#inner.submit(request);
  }

  close(): void {
    this.#inner.close();
  }
}
