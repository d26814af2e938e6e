/** Whether the file behind a descriptor is where it was found. */
import { Errno } from "./errno.ts";
import { cString } from "./file.ts";
import { type FileKind, kindOfMode } from "./file_facts.ts";
import { check, freebsd, linux } from "./libc.ts";

/** What has become of an open file and the path that it was opened by. */
export const Standing = {
  IN_PLACE: 0,
  /** Nothing is at its path; the file has another name. */
  MOVED: 1,
  /** Another file or device is at its path; this one has another name. */
  REPLACED: 2,
  /** It has no name any more: what it holds is gone when it is closed. */
  DELETED: 3,
} as const;

/** What a file is known by while it is open. */
interface Known {
  readonly kind: FileKind;
  readonly links: number;
  /** The file system with the inode; of a device what it is a node of. */
  readonly identity: string;
}

/**
 * Compares an open file or block device with what is at `path` now: a Standing, or -errno where that cannot
 * be told. May sleep.
 */
export function standingOfFile(fd: number, path: string): number {
  const own = look(fd, "");
  if (typeof own === "number") return own;
  // The node of a device is no more than one of its names.
  if (own.kind === "file" && own.links === 0) return Standing.DELETED;
  const there = look(undefined, path);
  if (there === -Errno.ENOENT || there === -Errno.ENOTDIR) return Standing.MOVED;
  if (typeof there === "number") return there;
  return there.identity === own.identity ? Standing.IN_PLACE : Standing.REPLACED;
}

/** Looks at an open file, or at what is at a path. */
function look(fd: number | undefined, path: string): Known | number {
  const view = new DataView(new ArrayBuffer(256));
  const bytes = new Uint8Array(view.buffer);
  if (linux === undefined) return lookPortably(fd, path, view);
  const AT_FDCWD = -100;
  const AT_EMPTY_PATH = 0x1000;
  const STATX_BASIC_STATS = 0x7ff;
  const flags = fd === undefined ? 0 : AT_EMPTY_PATH;
  const at = fd ?? AT_FDCWD;
  const result = check(linux.statx(at, cString(path), flags, STATX_BASIC_STATS, bytes));
  if (result < 0) return result;
  const kind = kindOfMode(view.getUint16(28, true)); // stx_mode
  const device = (offset: number) => view.getBigUint64(offset, true);
  return {
    kind,
    links: view.getUint32(16, true), // stx_nlink
    // stx_rdev_major and _minor, or stx_dev_major and _minor with stx_ino
    identity: kind === "block" ? `device ${device(128)}` : `${device(136)} ${device(32)}`,
  };
}

function lookPortably(fd: number | undefined, path: string, view: DataView): Known | number {
  const bytes = new Uint8Array(view.buffer as ArrayBuffer);
  const result = check(
    fd === undefined ? freebsd!.stat(cString(path), bytes) : freebsd!.fstat(fd, bytes),
  );
  if (result < 0) return result;
  return {
    kind: kindOfMode(view.getUint16(24, true)), // st_mode
    links: Number(view.getBigUint64(16, true)), // st_nlink
    identity: `${view.getBigUint64(0, true)} ${view.getBigUint64(8, true)}`, // st_dev, st_ino
  };
}
