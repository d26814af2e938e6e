/** What stat tells of the nodes of the tree. */
import type { TreeNode } from "../tree.ts";
import { PAGE } from "../tree.ts";
import { Attr, AttrOut, EntryOut, FileType } from "./abi.ts";
import type { Node } from "./node_table.ts";

/** Who owns all nodes. */
export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

const DIRECTORY_MODE = 0o755;
const LINK_MODE = 0o777;

/** Seconds that the kernel may believe attributes; each look-up of the name brings them anew. */
const ATTRIBUTES_VALID_S = 3600;

/** The permission bits of a node, with its type. */
function modeOf(tree: TreeNode): number {
  if (tree.kind === "directory") return FileType.directory | DIRECTORY_MODE;
  return tree.kind === "link" ? FileType.link | LINK_MODE : FileType.file | tree.mode;
}

/** A page for every file, as in sysfs: what it says is not known before it is read. */
function sizeOf(tree: TreeNode): number {
  if (tree.kind === "directory") return 0;
  return tree.kind === "link" ? new TextEncoder().encode(tree.target).length : PAGE;
}

/** Whether `uid` may use a file in the ways of `mask` (4 read, 2 write, 1 execute). */
export function mayAccess(uid: number, tree: TreeNode, mask: number, owner: Owner): boolean {
  const mode = modeOf(tree);
  if (uid === 0) return (mask & 1) === 0 || (mode & 0o111) !== 0;
  // The bits of the group are those of others, in every mode that there is.
  const allowed = uid === owner.uid ? mode >> 6 : mode;
  return (mask & 7 & ~allowed) === 0;
}

function putAttributes(view: DataView, at: number, node: Node, tree: TreeNode, owner: Owner): void {
  view.setBigUint64(at + Attr.ino, BigInt(node.id), true);
  view.setBigUint64(at + Attr.size, BigInt(sizeOf(tree)), true);
  for (const time of [Attr.atime, Attr.mtime, Attr.ctime]) {
    view.setBigUint64(at + time, BigInt(node.born), true);
  }
  view.setUint32(at + Attr.mode, modeOf(tree), true);
  // 1 of a directory says that its subdirectories are not counted, which find(1) understands.
  view.setUint32(at + Attr.nlink, 1, true);
  view.setUint32(at + Attr.uid, owner.uid, true);
  view.setUint32(at + Attr.gid, owner.gid, true);
  view.setUint32(at + Attr.blksize, PAGE, true);
}

/** The answer to GETATTR and SETATTR: a fuse_attr_out. */
export function attributesAnswer(node: Node, tree: TreeNode, owner: Owner): Uint8Array {
  const view = new DataView(new ArrayBuffer(AttrOut.SIZE));
  view.setBigUint64(AttrOut.attr_valid, BigInt(ATTRIBUTES_VALID_S), true);
  putAttributes(view, AttrOut.attr, node, tree, owner);
  return new Uint8Array(view.buffer);
}

/** A fuse_entry_out. The name is looked up anew each time: entry_valid is 0. */
export function entryAnswer(node: Node, tree: TreeNode, owner: Owner): Uint8Array {
  const view = new DataView(new ArrayBuffer(EntryOut.SIZE));
  view.setBigUint64(EntryOut.nodeid, BigInt(node.id), true);
  view.setBigUint64(EntryOut.attr_valid, BigInt(ATTRIBUTES_VALID_S), true);
  putAttributes(view, EntryOut.attr, node, tree, owner);
  return new Uint8Array(view.buffer);
}
