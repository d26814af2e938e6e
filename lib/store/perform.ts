/** What each store operation is in calls of the system. */
import { blockSizesOf, discardRange } from "../../ffi/block_device.ts";
import { fillRangeDirect, readDirect, writeDirect, writeZerosDirect } from "../../ffi/direct_io.ts";
import { Errno } from "../../ffi/errno.ts";
import { sizeOfFile, spaceLeft, spaceUsed } from "../../ffi/file_facts.ts";
import {
  fillRange,
  punchHole,
  seekData,
  seekHole,
  writeZeros,
  zeroRange,
} from "../../ffi/file_range.ts";
import { removeForGood, replaceFile } from "../../ffi/small_file.ts";
import { preadv, pwritev, pwritevDurable, syncData } from "../../ffi/transfer.ts";
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
      return makeZeros(punchHole, fd, offset, length, alignment);
    case IoOperation.DISCARD:
      return discardBlocks(fd, offset, length);
    case IoOperation.ZERO:
      return makeZeros(zeroRange, fd, offset, length, alignment);
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

/** The whole blocks of a range that begins or ends within one. */
function insideOf(offset: number, length: number, alignment: number) {
  const begin = Math.ceil(offset / alignment) * alignment;
  const end = offset + length - (offset + length) % alignment;
  return { begin, end: Math.max(begin, end) };
}

/**
 * Makes zeros by a call of the system. What it has no call for, or not for ranges like this, is written; of
 * a range that begins or ends within a block of a device only those parts are.
 */
function makeZeros(
  call: (fd: number, offset: number, length: number) => number,
  fd: number,
  offset: number,
  length: number,
  alignment: number,
): number {
  const result = call(fd, offset, length);
  if (result !== -Errno.EOPNOTSUPP && result !== -Errno.EINVAL) return result;
  if (alignment === 1) return writeZeros(fd, offset, length);
  const { begin, end } = insideOf(offset, length, alignment);
  if (begin === end || begin === offset && end === offset + length) {
    return writeZerosDirect(fd, offset, length, alignment);
  }
  const before = writeZerosDirect(fd, offset, begin - offset, alignment);
  if (before < 0) return before;
  const behind = writeZerosDirect(fd, end, offset + length - end, alignment);
  return behind < 0 ? behind : makeZeros(call, fd, begin, end - begin, alignment);
}

/**
 * Tells a device what is not needed any more; a block of which a part is needed is needed. That is a hint:
 * where the device takes it no longer the blocks stay as they are.
 */
function discardBlocks(fd: number, offset: number, length: number): number {
  const { begin, end } = insideOf(offset, length, blockSizesOf(fd).logical);
  if (begin === end) return 0;
  const result = discardRange(fd, begin, end - begin);
  return result === -Errno.EOPNOTSUPP ? 0 : result;
}
