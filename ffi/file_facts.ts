/** What an open file is, and what it takes. */
import { cString } from "./file.ts";
import { check, errno, freebsd, libc, linux } from "./libc.ts";
import { SYSTEM } from "./platform.ts";

const SEEK_END = 2;

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

/**
 * Whether what is open is a file in a file system that keeps its data in memory, so that no transfer sleeps.
 * A block device is none, though the file system that its node is in may be one (devtmpfs).
 */
export function isInMemory(fd: number): boolean {
  if (kindOfFile(fd) !== "file") return false;
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
