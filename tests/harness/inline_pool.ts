/** An I/O pool without workers: what is submitted is done at once, by the isolate that submits it. */
import { Errno } from "../../ffi/errno.ts";
import {
  fillRange,
  preadv,
  punchHole,
  pwritev,
  replaceFile,
  seekData,
  seekHole,
  spaceLeft,
  spaceUsed,
  syncData,
  writeZeros,
  zeroRange,
} from "../../ffi/file.ts";
import { IoPool, type IoPoolHandle } from "../../lib/store/io_pool.ts";
import { IoOperation, type IoRequest } from "../../lib/store/io_request.ts";
import { rethrow } from "./rethrow.ts";

export class InlinePool extends IoPool {
  constructor(handle: IoPoolHandle) {
    super(handle, rethrow);
  }

  override submit(request: IoRequest): void {
    request.result = perform(request);
    request.finished(request);
  }
}

function perform(request: IoRequest): number {
  const { fd, iov, offset, length, operation } = request;
  switch (operation) {
    case IoOperation.READ:
      return transferred(preadv(fd, iov.address, iov.count, offset), length);
    case IoOperation.WRITE:
    case IoOperation.WRITE_DURABLE:
      return transferred(pwritev(fd, iov.address, iov.count, offset), length);
    case IoOperation.SYNC:
      return syncData(fd);
    case IoOperation.PUNCH:
      return orWriteZeros(punchHole(fd, offset, length), request);
    case IoOperation.ZERO:
      return orWriteZeros(zeroRange(fd, offset, length), request);
    case IoOperation.REPLACE:
      return replace(request.memory!.bytes, offset);
    case IoOperation.FILL:
      return fillRange(fd, iov.address, offset, length);
    case IoOperation.FIND_DATA:
      return seekData(fd, offset);
    case IoOperation.FIND_HOLE:
      return seekHole(fd, offset);
    case IoOperation.SPACE_USED:
      return spaceUsed(fd);
    case IoOperation.SPACE_LEFT:
      return spaceLeft(fd);
    default:
      return -Errno.EINVAL;
  }
}

function replace(bytes: Uint8Array<ArrayBuffer>, pathLength: number): number {
  const path = new TextDecoder().decode(bytes.subarray(0, pathLength));
  return replaceFile(path, bytes.slice(pathLength));
}

function transferred(result: number, length: number): number {
  if (result < 0) return result;
  return result === length ? 0 : -Errno.EIO;
}

function orWriteZeros(result: number, { fd, offset, length }: IoRequest): number {
  return result === -Errno.EOPNOTSUPP ? writeZeros(fd, offset, length) : result;
}
