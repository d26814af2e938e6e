/** What each store operation is in calls of the system. */
import { fillRangeDirect, readDirect, writeDirect, writeZerosDirect } from "../../ffi/direct_io.ts";
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
import { Standing, standingOfFile } from "../../ffi/file_standing.ts";
import { pieceAt } from "../../ffi/iovec.ts";
import { copyFrom } from "../../ffi/memory.ts";
import { IoOperation } from "./io_request.ts";

/**
 * Makes the call for one operation (IoOperation); it may sleep. `iov` is the address of `count` pieces, or
 * of the bytes themselves for what is about a path; an `alignment` other than 1 says that `fd` is open past
 * the page cache. Returns what C returns, or -errno.
 */
export function perform(
  operation: number,
  fd: number,
  iov: number,
  count: number,
  offset: number,
  length: number,
  alignment = 1,
): number {
  const isDirect = alignment > 1;
  switch (operation) {
    case IoOperation.READ:
      if (isDirect) return readDirect(fd, iov, count, offset, alignment);
      return preadv(fd, iov, count, offset);
    case IoOperation.WRITE:
      if (isDirect) return writeDirect(fd, iov, count, offset, alignment, false);
      return pwritev(fd, iov, count, offset);
    case IoOperation.WRITE_DURABLE:
      if (isDirect) return writeDirect(fd, iov, count, offset, alignment, true);
      return pwritevDurable(fd, iov, count, offset);
    case IoOperation.SYNC:
      return syncData(fd);
    case IoOperation.PUNCH:
      return orWriteZeros(punchHole(fd, offset, length), fd, offset, length, alignment);
    case IoOperation.ZERO:
      return orWriteZeros(zeroRange(fd, offset, length), fd, offset, length, alignment);
    case IoOperation.REPLACE:
      return replace(copyFrom(iov, length), offset);
    case IoOperation.FILL:
      if (isDirect) return fillRangeDirect(fd, iov, offset, length, alignment);
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
      return wholeBlocks(sizeOfFile(fd), alignment);
    case IoOperation.STANDING:
      return count === 0 ? Standing.IN_PLACE : standingOfFile(fd, pathAt(iov));
    default:
      return -Errno.EINVAL;
  }
}

/** The path in the one piece of memory at `iov`. */
function pathAt(iov: number): string {
  const { address, length } = pieceAt(iov);
  return new TextDecoder().decode(copyFrom(address, length));
}

function replace(bytes: Uint8Array<ArrayBuffer>, pathLength: number): number {
  const path = new TextDecoder().decode(bytes.subarray(0, pathLength));
  return replaceFile(path, bytes.slice(pathLength));
}

/** Bytes of a size that can be had; -errno stays what it is. */
function wholeBlocks(size: number, alignment: number): number {
  return size < 0 ? size : size - size % alignment;
}

/** Zeros that the system has no call for, or not for a range like this, are written. */
function orWriteZeros(
  result: number,
  fd: number,
  offset: number,
  length: number,
  alignment: number,
): number {
  if (result !== -Errno.EOPNOTSUPP && result !== -Errno.EINVAL) return result;
  return alignment > 1
    ? writeZerosDirect(fd, offset, length, alignment)
    : writeZeros(fd, offset, length);
}
