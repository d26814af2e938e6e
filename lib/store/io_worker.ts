/**
 * An I/O worker: makes the calls that may sleep, one after the other, for the data isolate. It blocks
 * in Atomics.wait() and never returns to an event loop; it ends with the process.
 */
import { Errno } from "../../ffi/errno.ts";
import {
  fillRange,
  preadv,
  punchHole,
  pwritev,
  pwritevDurable,
  replaceFile,
  seekData,
  seekHole,
  spaceLeft,
  spaceUsed,
  syncData,
  writeZeros,
  zeroRange,
} from "../../ffi/file.ts";
import { copyFrom } from "../../ffi/memory.ts";
import { Wake } from "../../ffi/wake.ts";
import type { IoPoolHandle } from "./io_pool.ts";
import { IoOperation } from "./io_request.ts";
import { IoRing } from "./io_ring.ts";

function perform(ring: IoRing, slot: number): number {
  const fd = ring.fd(slot);
  const offset = ring.offset(slot);
  const length = ring.length(slot);
  switch (ring.operation(slot)) {
    case IoOperation.READ:
      return preadv(fd, ring.iov(slot), ring.count(slot), offset);
    case IoOperation.WRITE:
      return pwritev(fd, ring.iov(slot), ring.count(slot), offset);
    case IoOperation.WRITE_DURABLE:
      return pwritevDurable(fd, ring.iov(slot), ring.count(slot), offset);
    case IoOperation.SYNC:
      return syncData(fd);
    case IoOperation.PUNCH:
      return orWriteZeros(punchHole(fd, offset, length), fd, offset, length);
    case IoOperation.ZERO:
      return orWriteZeros(zeroRange(fd, offset, length), fd, offset, length);
    case IoOperation.REPLACE:
      return replace(copyFrom(ring.iov(slot), length), offset);
    case IoOperation.FILL:
      return fillRange(fd, ring.iov(slot), offset, length);
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

function orWriteZeros(result: number, fd: number, offset: number, length: number): number {
  return result === -Errno.EOPNOTSUPP || result === -Errno.EINVAL
    ? writeZeros(fd, offset, length)
    : result;
}

function serve(handle: IoPoolHandle): never {
  const ring = new IoRing(handle.ring);
  const wake = new Wake(handle.wake);
  for (;;) {
    const slot = ring.claim();
    ring.finish(slot, perform(ring, slot));
    wake.wake();
  }
}

self.onmessage = (event: MessageEvent<IoPoolHandle>) => serve(event.data);
