/** A store that tells a CrashLog what is written to it, and that can run out of room in a write. */
import { Errno } from "../../ffi/errno.ts";
import { IoVector } from "../../ffi/iovec.ts";
import { IoOperation, type IoRequest } from "../../lib/store/io_request.ts";
import type { Store } from "../../lib/store/store.ts";
import type { CrashLog, LoggedFile } from "./crash_log.ts";
import { entriesOf } from "./iovec_entries.ts";

export class LoggedStore implements Store {
  readonly size: number;
  readonly physicalBlockSize: number;
  readonly countsSpace: boolean;
  readonly identity: string | undefined;
  /** Bytes that the next durable write finds room for; all of them when undefined. */
  room: number | undefined = undefined;
  #inner: Store;
  /** When flushes began that are still to be logged. */
  #began = new Map<IoRequest, number>();
  #log: CrashLog;
  #file: LoggedFile;

  constructor(inner: Store, log: CrashLog, file: LoggedFile) {
    this.size = inner.size;
    this.physicalBlockSize = inner.physicalBlockSize;
    this.countsSpace = inner.countsSpace;
    this.identity = inner.identity;
    this.#inner = inner;
    this.#log = log;
    this.#file = file;
  }

  readNow(iov: IoVector, offset: number, length: number): number {
    return this.#inner.readNow(iov, offset, length);
  }

  writeNow(iov: IoVector, offset: number, length: number): number {
    this.#log.write(this.#file, offset, iov);
    return this.#inner.writeNow(iov, offset, length);
  }

  /** The operation begins, and is submitted later: meanwhile there may be others. */
  begin(request: IoRequest): void {
    this.#began.set(request, this.#log.length);
  }

  submit(request: IoRequest): void {
    if (this.room !== undefined && request.operation === IoOperation.WRITE_DURABLE) {
      return this.#writeInPart(request, this.room);
    }
    this.#log.log(this.#file, request, this.#began.get(request));
    this.#began.delete(request);
    this.#inner.submit(request);
  }

  #writeInPart(request: IoRequest, room: number): void {
    this.room = undefined;
    const part = new IoVector(1);
    part.push(entriesOf(request.iov, 1)[0]!.address, room);
    this.writeNow(part, request.offset, room);
    request.result = -Errno.ENOSPC;
    request.finished(request);
  }

  close(): void {
    this.#inner.close();
  }
}
