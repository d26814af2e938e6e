/**
 * The management tree as its doors see it: directories, files and links with the semantics of sysfs.
 * A node is looked up anew for each use: what it stands for may come and go at any time.
 */

/** What can be wrong with an access, under the names of errno. */
export type TreeErrno =
  | "E2BIG"
  | "EACCES"
  | "EAGAIN"
  | "EBADSLT"
  | "EBUSY"
  | "EEXIST"
  | "EINVAL"
  | "EIO"
  | "EISDIR"
  | "EMEDIUMTYPE"
  | "ENAMETOOLONG"
  | "ENODEV"
  | "ENOENT"
  | "ENOSPC"
  | "ENOTDIR"
  | "EOPNOTSUPP"
  | "EPERM"
  | "ERANGE"
  | "EROFS";

/** Why an access failed: an errno for programs, a sentence for people. Nothing has changed. */
export class TreeError extends Error {
  override name = "TreeError";
  readonly errno: TreeErrno;

  constructor(errno: TreeErrno, message: string) {
    super(message);
    this.errno = errno;
  }
}

/** Throws a TreeError; for places where a value is wanted. */
export function refuse(errno: TreeErrno, message: string): never {
  throw new TreeError(errno, message);
}

/** A directory, mode 0755. Its entries come and go with the objects that they stand for. */
export interface TreeDirectory {
  readonly kind: "directory";
  /** The names in the order in which the objects were made. */
  names(): Iterable<string>;
  /** The entry of a name; undefined where there is none. */
  lookup(name: string): TreeNode | undefined;
}

/** An attribute, or the `mgmt` of a directory. */
export interface TreeFile {
  readonly kind: "file";
  /** Permission bits: 0444, 0644, 0200 or 0600. */
  readonly mode: number;
  /** What it says now; absent where it cannot be read. */
  readonly read?: () => string | Promise<string>;
  /**
   * One store operation, whatever the offset: `text` is what was written, with its final newline if
   * there was one. Throws or rejects with a TreeError. Absent where it cannot be written.
   */
  readonly write?: (text: string) => void | Promise<void>;
}

/** A symbolic link. */
export interface TreeLink {
  readonly kind: "link";
  /** Relative to the directory that it is in. */
  readonly target: string;
}

export type TreeNode = TreeDirectory | TreeFile | TreeLink;

/** Bytes that a read gives at most, and less than which one write takes: a page, as in sysfs. */
export const PAGE = 4096;

/**
 * What a file says, cut to a page as sysfs does; at once where the file knows it at once. Throws or
 * rejects with a TreeError where it cannot be read.
 */
export function readNode(node: TreeFile): Uint8Array | Promise<Uint8Array> {
  if (node.read === undefined) throw new TreeError("EIO", "It can only be written");
  const text = node.read();
  return typeof text === "string" ? pageOf(text) : text.then(pageOf);
}

function pageOf(text: string): Uint8Array {
  return new TextEncoder().encode(text).subarray(0, PAGE);
}

/**
 * Writes `bytes` as one store operation; nothing happens where there are none. Throws a TreeError
 * where it cannot be written, where it fills a page (sysfs would cut it, and half a command is worse
 * than none), holds a NUL or is not ASCII, and what the store operation throws.
 */
export async function writeNode(node: TreeFile, bytes: Uint8Array): Promise<void> {
  if (node.write === undefined) throw new TreeError("EIO", "It can only be read");
  if (bytes.length === 0) return;
  if (bytes.length >= PAGE) {
    throw new TreeError("EINVAL", `${bytes.length} bytes are too many: at most ${PAGE - 1}`);
  }
  const nul = bytes.indexOf(0);
  if (nul >= 0) throw new TreeError("EINVAL", "There is a NUL byte in the text");
  if (bytes.some((byte) => byte > 0x7f)) {
    throw new TreeError("EINVAL", "There are bytes in the text that are not ASCII");
  }
  await node.write(new TextDecoder().decode(bytes));
}
