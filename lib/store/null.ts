/** The null store: reads give zeros, writes go nowhere (/dev/zero). */
import { describeErrno, Errno } from "../../ffi/errno.ts";
import { closeFile, openFile } from "../../ffi/file.ts";
import { preadv, pwritev } from "../../ffi/transfer.ts";
import type { IoVector } from "../../ffi/iovec.ts";
import { IoOperation, type IoRequest } from "./io_request.ts";
import { type Store, StoreError } from "./store.ts";

class NullStore implements Store {
  readonly size: number;
  readonly physicalBlockSize: number;
  readonly countsSpace = false;
  readonly identity = undefined;
  #fd: number;

  constructor(fd: number, size: number, blocksize: number) {
    this.#fd = fd;
    this.size = size;
    this.physicalBlockSize = blocksize;
  }

  readNow(iov: IoVector, offset: number, length: number): number {
    let read = preadv(this.#fd, iov.address, iov.count, offset);
    // One call takes IOV_MAX pieces; a transfer in more pieces is the only one that can be short.
    for (let done = read; read > 0 && done < length; done += read) {
      iov.advance(read);
      read = preadv(this.#fd, iov.address, iov.count, offset);
    }
    return read <= 0 ? read : length;
  }

  writeNow(iov: IoVector, offset: number, length: number): number {
    pwritev(this.#fd, iov.address, iov.count, offset);
    return length;
  }

  /** Nothing here sleeps: what is submitted is done at once. */
  submit(request: IoRequest): void {
    const { iov, offset, length } = request;
    switch (request.operation) {
      case IoOperation.READ:
        request.result = Math.min(0, this.readNow(iov, offset, length));
        break;
      case IoOperation.FIND_DATA:
        request.result = -Errno.ENXIO;
        break;
      case IoOperation.SIZE:
        request.result = this.size;
        break;
      case IoOperation.FIND_HOLE:
        request.result = offset;
        break;
      default:
        request.result = 0;
    }
    request.finished(request);
  }

  close(): void {
    closeFile(this.#fd);
  }
}

/** Opens a null store of `size` bytes. */
export function openNull(size: number, blocksize: number): Store {
  const fd = openFile("/dev/zero", true);
  if (fd < 0) throw new StoreError(`Cannot open /dev/zero: ${describeErrno(-fd)}`);
  return new NullStore(fd, size, blocksize);
}
