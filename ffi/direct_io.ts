/**
 * Transfers past the page cache (O_DIRECT). The system takes them in whole blocks, from and to memory
 * that is aligned, and what is to be transferred is neither: it goes through memory of our own, and a
 * block of which only a part is written is read before. Nobody else may write to that block meanwhile.
 */
import { Errno } from "./errno.ts";
import { blockSizesOf } from "./block_device.ts";
import { preadv, pwritev, pwritevDurable } from "./transfer.ts";
import { IoVector, pieceAt, PieceWalk } from "./iovec.ts";
import { freebsd, linux } from "./libc.ts";
import { copyMemory, Memory } from "./memory.ts";
import { PORTABLE } from "./platform.ts";
import { writeWhole } from "./write_whole.ts";

const PAGE = 4096;

/** Bytes that are transferred at once: each thread that makes such calls has so much memory for it. */
const CHUNK = 2 ** 20;

const memory = new Memory(CHUNK + PAGE);
const chunk = Math.ceil(memory.address / PAGE) * PAGE;
const piece = new IoVector(1);

/**
 * The bytes of which places and lengths on an open file have to be multiples: what the system tells,
 * else the block of a device, else what the file system says it likes, tried. -errno where the file
 * cannot be had past the page cache.
 */
export function directAlignment(fd: number, isDevice: boolean): number {
  const told = toldAlignment(fd);
  if (told !== undefined) return told > 0 && told <= CHUNK ? told : -Errno.EINVAL;
  if (isDevice) return blockSizesOf(fd).logical;
  // File systems with blocks larger than a page are those of kernels that tell.
  const alignment = preferredBlock(fd);
  const tried = readChunk(fd, 0, alignment);
  return tried < 0 ? tried : alignment;
}

/** stx_dio_offset_align of Linux 6.1 and later; 0 is "not possible". */
function toldAlignment(fd: number): number | undefined {
  if (linux === undefined || PORTABLE) return undefined;
  const AT_EMPTY_PATH = 0x1000;
  const STATX_DIOALIGN = 0x2000;
  const view = new DataView(new ArrayBuffer(256));
  const bytes = new Uint8Array(view.buffer);
  if (linux.statx(fd, new Uint8Array(1), AT_EMPTY_PATH, STATX_DIOALIGN, bytes) !== 0) {
    return undefined;
  }
  const isTold = (view.getUint32(0, true) & STATX_DIOALIGN) !== 0;
  return isTold ? view.getUint32(0x9c, true) : undefined;
}

/** st_blksize as far as a block can be so large; a page where it makes no sense. */
function preferredBlock(fd: number): number {
  const view = new DataView(new ArrayBuffer(256));
  const bytes = new Uint8Array(view.buffer);
  const AT_EMPTY_PATH = 0x1000;
  const asked = linux === undefined
    ? freebsd!.fstat(fd, bytes)
    : linux.statx(fd, new Uint8Array(1), AT_EMPTY_PATH, 0, bytes);
  const size = asked === 0 ? view.getUint32(linux === undefined ? 128 : 4, true) : PAGE;
  const isPower = size >= 512 && (size & (size - 1)) === 0;
  return isPower ? Math.min(size, PAGE) : PAGE;
}

/** Reads as preadv() does, past the page cache; may sleep. */
export function readDirect(
  fd: number,
  iov: number,
  count: number,
  offset: number,
  alignment: number,
): number {
  const walk = new PieceWalk(iov, count);
  const { total } = walk;
  for (let done = 0; done < total;) {
    const head = (offset + done) % alignment;
    const wanted = Math.min(total - done, CHUNK - head);
    const read = readChunk(fd, offset + done - head, roundUp(head + wanted, alignment));
    if (read <= head) return done > 0 ? done : Math.min(read, 0);
    const got = Math.min(wanted, read - head);
    walk.fillFrom(chunk + head, got);
    done += got;
    if (got < wanted) return done;
  }
  return total;
}

/** Writes as pwritev() or, if `durable`, pwritevDurable() does, past the page cache; may sleep. */
export function writeDirect(
  fd: number,
  iov: number,
  count: number,
  offset: number,
  alignment: number,
  durable: boolean,
): number {
  const walk = new PieceWalk(iov, count);
  const put = (address: number, _done: number, bytes: number) => walk.copyTo(address, bytes);
  return write(fd, offset, walk.total, alignment, durable, put);
}

/** Writes zeros over a range as writeZeros() does. */
export function writeZerosDirect(
  fd: number,
  offset: number,
  length: number,
  alignment: number,
): number {
  const put = (address: number, _done: number, bytes: number) => {
    const at = address - memory.address;
    memory.bytes.fill(0, at, at + bytes);
  };
  return Math.min(write(fd, offset, length, alignment, false, put), 0);
}

/** Writes a piece of memory over and over as fillRange() does. */
export function fillRangeDirect(
  fd: number,
  iov: number,
  offset: number,
  length: number,
  alignment: number,
): number {
  const pattern = pieceAt(iov);
  const put = (address: number, done: number, bytes: number) => {
    for (let put = 0; put < bytes;) {
      const at = (done + put) % pattern.length;
      const some = Math.min(pattern.length - at, bytes - put);
      copyMemory(address + put, pattern.address + at, some);
      put += some;
    }
  };
  return Math.min(write(fd, offset, length, alignment, false, put), 0);
}

/** Writes a range in chunks; `put` puts some bytes of it at an address, those behind `done`. */
function write(
  fd: number,
  offset: number,
  length: number,
  alignment: number,
  durable: boolean,
  put: (address: number, done: number, bytes: number) => void,
): number {
  for (let done = 0; done < length;) {
    const head = (offset + done) % alignment;
    const begin = offset + done - head;
    const bytes = Math.min(length - done, CHUNK - head);
    const end = roundUp(head + bytes, alignment);
    const last = end - alignment;
    let read = head > 0 ? readBlock(fd, begin, 0, alignment) : 0;
    // What is written ends within a block, and that one is not the first, which is there already.
    if (read === 0 && head + bytes < end && (last > 0 || head === 0)) {
      read = readBlock(fd, begin, last, alignment);
    }
    if (read < 0) return read;
    put(chunk + head, done, bytes);
    const written = writeChunk(fd, begin, end, durable);
    if (written < 0) return written;
    done += bytes;
  }
  return length;
}

/** Reads the block that stands at `at` of the chunk that begins at `begin`: all of it, or it is an error. */
function readBlock(fd: number, begin: number, at: number, length: number): number {
  const read = readChunk(fd, begin + at, length, at);
  if (read < 0) return read;
  return read === length ? 0 : -Errno.ESHORT;
}

function readChunk(fd: number, offset: number, length: number, at = 0): number {
  for (;;) {
    piece.clear();
    piece.push(chunk + at, length);
    const read = preadv(fd, piece.address, piece.count, offset);
    if (read !== -Errno.EINTR) return read;
  }
}

function writeChunk(fd: number, offset: number, length: number, durable: boolean): number {
  const call = durable ? pwritevDurable : pwritev;
  return writeWhole(length, (done) => {
    piece.clear();
    piece.push(chunk + done, length - done);
    return call(fd, piece.address, piece.count, offset + done);
  });
}

function roundUp(bytes: number, unit: number): number {
  return Math.ceil(bytes / unit) * unit;
}
