/** Files and block devices. Every call gives what C returns, or -errno. */
import { Errno } from "./errno.ts";
import { IoVector, pieceAt } from "./iovec.ts";
import { check, errno, freebsd, libc, linux, setWord, words } from "./libc.ts";
import { Memory } from "./memory.ts";
import { PORTABLE, SYSTEM } from "./platform.ts";

const OPEN = {
  linux: {
    RDONLY: 0,
    RDWR: 2,
    CREAT: 0o100,
    EXCL: 0o200,
    NONBLOCK: 0o4000,
    DIRECT: 0o40000,
    CLOEXEC: 0o2000000,
    /** With a block device: fails where it is mounted, or somebody else has opened it so. */
    ALONE: 0o200,
  },
  freebsd: {
    RDONLY: 0,
    RDWR: 2,
    CREAT: 0x200,
    EXCL: 0x800,
    NONBLOCK: 0x4,
    DIRECT: 0x10000,
    CLOEXEC: 0x100000,
    ALONE: 0,
  },
}[SYSTEM];

/** Reads leave no time of access (open(2)); FreeBSD has it as an option of the mount only. */
const NOATIME = { linux: 0o1000000, freebsd: 0 }[SYSTEM];

const RWF_DSYNC = 0x2;
const RWF_NOWAIT = 0x8;
const SEEK_END = 2;
const SEEK_DATA = 3;
const SEEK_HOLE = 4;
const FALLOC_FL_KEEP_SIZE = 0x1;
const FALLOC_FL_PUNCH_HOLE = 0x2;
const FALLOC_FL_ZERO_RANGE = 0x10;

const encoder = new TextEncoder();

/** A path as C has it, with a zero behind it. */
export function cString(path: string): Uint8Array<ArrayBuffer> {
  // Deno 2.4 types what encode() returns with any kind of buffer.
  return new Uint8Array(encoder.encode(path + "\0"));
}

/** Opens an existing file; a FIFO without a writer does not hold it up. */
export function openFile(path: string, writable: boolean): number {
  const flags = (writable ? OPEN.RDWR : OPEN.RDONLY) | OPEN.NONBLOCK | OPEN.CLOEXEC;
  return check(libc.open(cString(path), flags, 0));
}

/**
 * Opens what holds the blocks of a disk, with `direct` past the page cache. A block device that is
 * opened for writing is -EBUSY where it is mounted or somebody else has it for himself.
 */
export function openBacking(path: string, writable: boolean, direct: boolean): number {
  const access = writable ? OPEN.RDWR | OPEN.ALONE : OPEN.RDONLY;
  const flags = access | OPEN.NONBLOCK | OPEN.CLOEXEC | (direct ? OPEN.DIRECT : 0);
  const fd = check(libc.open(cString(path), flags | NOATIME, 0));
  // Only the owner of a file may ask for that.
  return fd === -Errno.EPERM ? check(libc.open(cString(path), flags, 0)) : fd;
}

/** Makes a new file with mode 0600 and opens it; -EEXIST when there is one. */
export function createFile(path: string): number {
  const flags = OPEN.RDWR | OPEN.CREAT | OPEN.EXCL | OPEN.CLOEXEC;
  return check(libc.open(cString(path), flags, 0o600));
}

/** Makes a file in memory that has no name, and opens it. */
export function createMemoryFile(): number {
  const MFD_CLOEXEC = 1;
  return check(libc.memfd_create(cString("scst"), MFD_CLOEXEC));
}

/** Removes a file by its name. */
export function removeFile(path: string): number {
  return check(libc.unlink(cString(path)));
}

export function closeFile(fd: number): number {
  return check(libc.close(fd));
}

export function truncateFile(fd: number, size: number): number {
  return check(libc.ftruncate(fd, size));
}

/** Bytes that the file or block device holds. */
export function sizeOfFile(fd: number): number {
  const end = Number(libc.lseek(fd, 0, SEEK_END));
  return end < 0 ? -errno() : end;
}

export type FileKind = "file" | "block" | "character" | "directory" | "other";

const KINDS: Record<number, FileKind> = {
  0o100000: "file",
  0o060000: "block",
  0o020000: "character",
  0o040000: "directory",
};

/** What kind of thing an open descriptor is. */
export function kindOfFile(fd: number): FileKind {
  const view = new DataView(new ArrayBuffer(256));
  let mode = 0;
  if (linux) {
    const AT_EMPTY_PATH = 0x1000;
    const STATX_TYPE = 0x1;
    if (
      linux.statx(fd, cString(""), AT_EMPTY_PATH, STATX_TYPE, new Uint8Array(view.buffer)) === 0
    ) {
      mode = view.getUint16(28, true); // stx_mode
    }
  } else if (freebsd?.fstat(fd, new Uint8Array(view.buffer)) === 0) {
    mode = view.getUint16(24, true); // st_mode
  }
  return kindOfMode(mode);
}

/** What kind of thing has this st_mode. */
export function kindOfMode(mode: number): FileKind {
  return KINDS[mode & 0o170000] ?? "other";
}

/**
 * A text that stays the same for the life of a file, wherever it is moved in its file system, and that
 * no other file there has: its inode, which is given out again, and when it was made. undefined when
 * the system does not tell.
 */
export function identityOfFile(fd: number): string | undefined {
  const view = new DataView(new ArrayBuffer(256));
  const bytes = new Uint8Array(view.buffer);
  let [inodeAt, birthAt] = [8, 96]; // st_ino and st_birthtim of FreeBSD
  if (linux) {
    const AT_EMPTY_PATH = 0x1000;
    const STATX_INO = 0x100;
    const STATX_BTIME = 0x800;
    const wanted = STATX_INO | STATX_BTIME;
    if (linux.statx(fd, cString(""), AT_EMPTY_PATH, wanted, bytes) !== 0) return undefined;
    if ((view.getUint32(0, true) & STATX_BTIME) === 0) bytes.fill(0, 80, 96);
    [inodeAt, birthAt] = [32, 80]; // stx_ino, stx_btime
  } else if (freebsd?.fstat(fd, bytes) !== 0) {
    return undefined;
  }
  const inode = view.getBigUint64(inodeAt, true);
  const seconds = view.getBigInt64(birthAt, true);
  return `${inode} ${seconds}.${view.getUint32(birthAt + 8, true)}`;
}

/** Bytes that an open file takes in its file system. */
export function spaceUsed(fd: number): number {
  const view = new DataView(new ArrayBuffer(256));
  const bytes = new Uint8Array(view.buffer);
  const UNIT = 512;
  if (linux) {
    const AT_EMPTY_PATH = 0x1000;
    const STATX_BLOCKS = 0x400;
    const result = check(linux.statx(fd, cString(""), AT_EMPTY_PATH, STATX_BLOCKS, bytes));
    return result < 0 ? result : Number(view.getBigUint64(48, true)) * UNIT; // stx_blocks
  }
  const result = check(freebsd!.fstat(fd, bytes));
  return result < 0 ? result : Number(view.getBigInt64(120, true)) * UNIT; // st_blocks
}

/** Bytes that are left in the file system of an open file for those without privileges. */
export function spaceLeft(fd: number): number {
  const view = new DataView(new ArrayBuffer(4096));
  const result = check(libc.fstatfs(fd, new Uint8Array(view.buffer)));
  if (result < 0) return result;
  // f_bsize and f_bavail; FreeBSD's may be negative.
  const [unitAt, leftAt] = SYSTEM === "linux" ? [8, 32] : [16, 48];
  const left = Number(view.getBigInt64(leftAt, true)) * Number(view.getBigInt64(unitAt, true));
  return Math.max(0, left);
}

/** Whether the file system of an open file keeps its data in memory, so that no transfer sleeps. */
export function isInMemory(fd: number): boolean {
  const view = new DataView(new ArrayBuffer(4096));
  if (libc.fstatfs(fd, new Uint8Array(view.buffer)) !== 0) return false;
  if (SYSTEM === "linux") {
    const TMPFS_MAGIC = 0x01021994;
    const RAMFS_MAGIC = 0x858458f6;
    const type = view.getUint32(0, true); // f_type
    return type === TMPFS_MAGIC || type === RAMFS_MAGIC;
  }
  const name = new Uint8Array(view.buffer, 280, 16); // f_fstypename
  return new TextDecoder().decode(name).startsWith("tmpfs\0");
}

/** Reads into the first piece of `iov` at `offset`; may sleep. */
export function pread(fd: number, iov: IoVector, offset: number): number {
  iov.putFirst();
  setWord(2, offset);
  return check(libc.pread(fd, words[0]!, words[1]!, words[2]!));
}

/** Writes the first piece of `iov` at `offset`; may sleep. */
export function pwrite(fd: number, iov: IoVector, offset: number): number {
  iov.putFirst();
  setWord(2, offset);
  return check(libc.pwrite(fd, words[0]!, words[1]!, words[2]!));
}

/** Reads at `offset` into the pieces at `iov`; may sleep. */
export function preadv(fd: number, iov: number, count: number, offset: number): number {
  setWord(0, iov);
  setWord(1, offset);
  return check(libc.preadv(fd, words[0]!, count, words[1]!));
}

/** Writes the pieces at `iov` at `offset`; may sleep. */
export function pwritev(fd: number, iov: number, count: number, offset: number): number {
  setWord(0, iov);
  setWord(1, offset);
  return check(libc.pwritev(fd, words[0]!, count, words[1]!));
}

/** Reads what is in memory already: -EAGAIN where it would sleep, -EOPNOTSUPP where that cannot be told. */
export function preadvNoWait(fd: number, iov: number, count: number, offset: number): number {
  if (linux === undefined) return -Errno.EOPNOTSUPP;
  setWord(0, iov);
  setWord(1, offset);
  return check(linux.preadv2(fd, words[0]!, count, words[1]!, RWF_NOWAIT));
}

/** Writes what can be taken without sleeping: errors as for preadvNoWait(). */
export function pwritevNoWait(fd: number, iov: number, count: number, offset: number): number {
  if (linux === undefined) return -Errno.EOPNOTSUPP;
  setWord(0, iov);
  setWord(1, offset);
  return check(linux.pwritev2(fd, words[0]!, count, words[1]!, RWF_NOWAIT));
}

/** There is no room for the data of a write. */
const NO_ROOM: readonly number[] = [Errno.ENOSPC, Errno.EDQUOT, Errno.EFBIG];

/** Whether an error of a write says that there was no room for it. */
export function isNoRoom(errno: number): boolean {
  return NO_ROOM.includes(errno);
}

/** Whether an error of pwritevDurable() says that the write was refused, and nothing worse. */
export function isRefusal(errno: number): boolean {
  return isNoRoom(errno) || errno === Errno.EROFS || errno === Errno.EPERM;
}

/**
 * Writes and returns when the data is on stable storage; may sleep. The error of a flush may belong
 * to blocks that were written long before, and the system tells it once: "no room" is only returned
 * when the write itself found none, and -EIO when it was the flush.
 */
export function pwritevDurable(fd: number, iov: number, count: number, offset: number): number {
  if (linux === undefined || PORTABLE) {
    const written = pwritev(fd, iov, count, offset);
    if (written < 0) return written;
    return syncData(fd) < 0 ? -Errno.EIO : written;
  }
  setWord(0, iov);
  setWord(1, offset);
  const written = check(linux.pwritev2(fd, words[0]!, count, words[1]!, RWF_DSYNC));
  if (!NO_ROOM.includes(-written)) return written;
  const again = pwritev(fd, iov, count, offset);
  return again < 0 ? again : -Errno.EIO;
}

/** fdatasync(2): brings all data of the file to stable storage; may sleep. */
export function syncData(fd: number): number {
  return check(libc.fdatasync(fd));
}

/** Gives the blocks of a range back; they read as zeros. -EOPNOTSUPP where there are no holes. */
export function punchHole(fd: number, offset: number, length: number): number {
  if (linux === undefined || PORTABLE) return -Errno.EOPNOTSUPP;
  const mode = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;
  return check(linux.fallocate(fd, mode, offset, length));
}

/** Zeroes a range and keeps its blocks. -EOPNOTSUPP where the file system cannot. */
export function zeroRange(fd: number, offset: number, length: number): number {
  if (linux === undefined || PORTABLE) return -Errno.EOPNOTSUPP;
  return check(linux.fallocate(fd, FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE, offset, length));
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
  for (let done = 0; done < length;) {
    iov.clear();
    iov.push(zeros.address, Math.min(zeros.length, length - done));
    const written = pwritev(fd, iov.address, 1, offset + done);
    if (written < 0 && written !== -Errno.EINTR) return written;
    if (written > 0) done += written;
  }
  return 0;
}

/** Writes the piece of memory that the iovec at `iov` names over and over, until the range is full. */
export function fillRange(fd: number, iov: number, offset: number, length: number): number {
  const piece = pieceAt(iov);
  const rest = new IoVector(1);
  for (let done = 0; done < length;) {
    const at = done % piece.length;
    rest.clear();
    rest.push(piece.address + at, Math.min(piece.length - at, length - done));
    const written = pwritev(fd, rest.address, 1, offset + done);
    if (written < 0 && written !== -Errno.EINTR) return written;
    if (written > 0) done += written;
  }
  return 0;
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

function directoryOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/")) || "/";
}

/** Makes a directory with mode 0700 that outlives a crash, where there is none; its parent is there. */
function makeDirectory(path: string): number {
  const made = check(libc.mkdir(cString(path), 0o700));
  if (made === -Errno.EEXIST) return 0;
  return made < 0 ? made : syncDirectory(directoryOf(path));
}

/**
 * Replaces the content of `path` so that a crash at any instant leaves the old or the new content,
 * under `path` or, for an instant, under `path`.1, which keeps the generation before. Its directory is
 * made if there is none. May sleep.
 */
export function replaceFile(path: string, content: Uint8Array<ArrayBuffer>): number {
  const directory = makeDirectory(directoryOf(path));
  if (directory < 0) return directory;
  const fresh = `${path}.new`;
  removeFile(fresh);
  const fd = createFile(fresh);
  if (fd < 0) return fd;
  const written = writeAndSync(fd, content);
  closeFile(fd);
  if (written < 0) {
    removeFile(fresh);
    return written;
  }
  const kept = check(libc.rename(cString(path), cString(`${path}.1`)));
  if (kept < 0 && kept !== -Errno.ENOENT) return kept;
  const renamed = check(libc.rename(cString(fresh), cString(path)));
  return renamed < 0 ? renamed : syncDirectory(directoryOf(path));
}

/** Removes a file by its name, so that a crash does not bring it back. May sleep. */
export function removeForGood(path: string): number {
  const removed = removeFile(path);
  return removed < 0 && removed !== -Errno.ENOENT ? removed : syncDirectory(directoryOf(path));
}

function writeAndSync(fd: number, content: Uint8Array<ArrayBuffer>): number {
  const memory = new Memory(Math.max(content.length, 1));
  memory.bytes.set(content);
  for (let done = 0; done < content.length;) {
    const written = check(libc.write(fd, memory.address + done, content.length - done));
    if (written < 0 && written !== -Errno.EINTR) return written;
    if (written > 0) done += written;
  }
  return check(libc.fsync(fd));
}

function syncDirectory(path: string): number {
  const fd = openFile(path, false);
  if (fd < 0) return fd;
  const result = check(libc.fsync(fd));
  closeFile(fd);
  return result;
}

/** The content of a small file; undefined when there is none, or -errno. */
export function readSmallFile(path: string): Uint8Array<ArrayBuffer> | number | undefined {
  const fd = openFile(path, false);
  if (fd === -Errno.ENOENT) return undefined;
  if (fd < 0) return fd;
  try {
    const size = sizeOfFile(fd);
    if (size < 0) return size;
    const memory = new Memory(Math.max(size, 1));
    const iov = new IoVector(1);
    for (let done = 0; done < size;) {
      iov.clear();
      iov.push(memory.address + done, size - done);
      const read = preadv(fd, iov.address, iov.count, done);
      if (read < 0 && read !== -Errno.EINTR) return read;
      if (read === 0) return memory.bytes.slice(0, done);
      if (read > 0) done += read;
    }
    return memory.bytes.slice(0, size);
  } finally {
    closeFile(fd);
  }
}
