/** Whole ranges of open files: given back, made zeros, filled, and the holes between them. */
import { Errno } from "./errno.ts";
import { sizeOfFile } from "./file_facts.ts";
import { IoVector, pieceAt } from "./iovec.ts";
import { check, errno, libc, linux, setWord, words } from "./libc.ts";
import { Memory } from "./memory.ts";
import { PORTABLE } from "./platform.ts";
import { pwritev } from "./transfer.ts";
import { writeWhole } from "./write_whole.ts";

const SEEK_DATA = 3;
const SEEK_HOLE = 4;
const FALLOC_FL_KEEP_SIZE = 0x1;
const FALLOC_FL_PUNCH_HOLE = 0x2;
const FALLOC_FL_ZERO_RANGE = 0x10;

/** Gives the blocks of a range back; they read as zeros. -EOPNOTSUPP where there are no holes. */
export function punchHole(fd: number, offset: number, length: number): number {
  if (linux === undefined || PORTABLE) return -Errno.EOPNOTSUPP;
  return allocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset, length);
}

/** Zeroes a range and keeps its blocks. -EOPNOTSUPP where the file system cannot. */
export function zeroRange(fd: number, offset: number, length: number): number {
  if (linux === undefined || PORTABLE) return -Errno.EOPNOTSUPP;
  return allocate(fd, FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE, offset, length);
}

function allocate(fd: number, mode: number, offset: number, length: number): number {
  setWord(0, offset);
  setWord(1, length);
  return check(linux!.fallocate(fd, mode, words[0]!, words[1]!));
}

/** Whether holes can be punched in an open file. Asks for one behind its end, which changes nothing. */
export function canPunch(fd: number): boolean {
  const size = sizeOfFile(fd);
  return size >= 0 && punchHole(fd, size, 4096) === 0;
}

const zeros = new Memory(65536);

/** Writes zeros over a range, for systems and file systems without a call for it. */
export function writeZeros(fd: number, offset: number, length: number): number {
  const iov = new IoVector(1);
  iov.push(zeros.address, zeros.length);
  return fillRange(fd, iov.address, offset, length);
}

/** Writes the piece of memory that the iovec at `iov` names over and over, until the range is full. */
export function fillRange(fd: number, iov: number, offset: number, length: number): number {
  const piece = pieceAt(iov);
  const rest = new IoVector(1);
  return writeWhole(length, (done) => {
    const at = done % piece.length;
    rest.clear();
    rest.push(piece.address + at, Math.min(piece.length - at, length - done));
    return pwritev(fd, rest.address, 1, offset + done);
  });
}

/**
 * The first byte at or behind `offset` that the file has space for; -ENXIO when there is none. What does
 * not tell its holes, as a block device, has none.
 */
export function seekData(fd: number, offset: number): number {
  const found = seek(fd, offset, SEEK_DATA);
  if (found !== -Errno.EINVAL) return found;
  const size = sizeOfFile(fd);
  return size < 0 || offset < size ? Math.min(size, offset) : -Errno.ENXIO;
}

/** The first byte at or behind `offset` that is in a hole; the end of the file is one. */
export function seekHole(fd: number, offset: number): number {
  const found = seek(fd, offset, SEEK_HOLE);
  return found === -Errno.EINVAL ? sizeOfFile(fd) : found;
}

function seek(fd: number, offset: number, whence: number): number {
  const found = Number(libc.lseek(fd, offset, whence));
  return found < 0 ? -errno() : found;
}
