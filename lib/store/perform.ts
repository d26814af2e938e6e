/** What each store operation is in calls of the system. */
import { Errno } from "../../ffi/errno.ts";
import {
  fillRange,
  preadv,
  punchHole,
  pwritev,
  pwritevDurable,
  removeForGood,
  replaceFile,
  seekData,
  seekHole,
  sizeOfFile,
  spaceLeft,
  spaceUsed,
  syncData,
  writeZeros,
  zeroRange,
} from "../../ffi/file.ts";
import { copyFrom } from "../../ffi/memory.ts";
import { IoOperation } from "./io_request.ts";

/**
 * Makes the call for one operation (IoOperation); it may sleep. `iov` is the address of `count` pieces, or
 * of the bytes themselves for what is about a path. Returns what C returns, or -errno.
 */
export function perform(
  operation: number,
  fd: number,
  iov: number,
  count: number,
  offset: number,
  length: number,
): number {
  switch (operation) {
    case IoOperation.READ:
      return preadv(fd, iov, count, offset);
    case IoOperation.WRITE:
      return pwritev(fd, iov, count, offset);
    case IoOperation.WRITE_DURABLE:
      return pwritevDurable(fd, iov, count, offset);
    case IoOperation.SYNC:
      return syncData(fd);
    case IoOperation.PUNCH:
      return orWriteZeros(punchHole(fd, offset, length), fd, offset, length);
    case IoOperation.ZERO:
      return orWriteZeros(zeroRange(fd, offset, length), fd, offset, length);
    case IoOperation.REPLACE:
      return replace(copyFrom(iov, length), offset);
    case IoOperation.FILL:
      return fillRange(fd, iov, offset, length);
    case IoOperation.FIND_DATA:
      return seekData(fd, offset);
    case IoOperation.FIND_HOLE:
      return seekHole(fd, offset);
    case IoOperation.SPACE_USED:
      return spaceUsed(fd);
    case IoOperation.SPACE_LEFT:
      return spaceLeft(fd);
    case IoOperation.REMOVE:
      return removeForGood(new TextDecoder().decode(copyFrom(iov, length)));
    case IoOperation.SIZE:
      return sizeOfFile(fd);
    default:
      return -Errno.EINVAL;
  }
}

function replace(bytes: Uint8Array<ArrayBuffer>, pathLength: number): number {
  const path = new TextDecoder().decode(bytes.subarray(0, pathLength));
  return replaceFile(path, bytes.slice(pathLength));
}

function orWriteZeros(result: number, fd: number, offset: number, length: number): number {
  return result === -Errno.EOPNOTSUPP || result === -Errno.EINVAL
    ? writeZeros(fd, offset, length)
    : result;
}
