/** Files and block devices, opened and made. Every call gives what C returns, or -errno. */
import { Errno } from "./errno.ts";
import { check, libc } from "./libc.ts";
import { SYSTEM } from "./platform.ts";

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
