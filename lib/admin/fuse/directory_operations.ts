/** Operations on directories: OPENDIR, READDIR, READDIRPLUS, RELEASEDIR. */
import type { TreeNode } from "../tree.ts";
import { Dirent, DirentPlus, EntryOut, FileType, ReadIn, ReleaseIn, UNKNOWN_INO } from "./abi.ts";
import { entryAnswer } from "./attributes.ts";
import { openAnswer } from "./file_operations.ts";
import type { DirectoryHandle } from "./handles.ts";
import { isName } from "./name.ts";
import type { Node } from "./node_table.ts";
import type { Request } from "./request.ts";
import { type Answer, DONE, type ServedTree } from "./served_tree.ts";

const ENCODER = new TextEncoder();

/** Names that cannot be shown are named in the log, up to this many. */
const MOST_COMPLAINTS = 100;

/** Offsets: how many entries come before, these two included. */
const DOTS: readonly string[] = [".", ".."];

export function opendir(tree: ServedTree, request: Request): Answer {
  const node = tree.nodes.get(request.nodeid);
  const found = node && tree.nodes.resolve(node);
  if (node === undefined || found === undefined) return "ENOENT";
  if (found.kind !== "directory") return "ENOTDIR";
  return openAnswer(tree.directories.add({ node, names: [] }), 0);
}

export function releasedir(tree: ServedTree, request: Request): Answer {
  request.require(ReleaseIn.SIZE);
  tree.directories.delete(request.u64(ReleaseIn.fh));
  return DONE;
}

export function readdir(tree: ServedTree, request: Request): Answer {
  return list(tree, request, false);
}

export function readdirplus(tree: ServedTree, request: Request): Answer {
  return list(tree, request, true);
}

function list(tree: ServedTree, request: Request, isPlus: boolean): Answer {
  request.require(ReadIn.SIZE);
  const handle = tree.directories.get(request.u64(ReadIn.fh));
  if (handle === undefined) return "EBADF";
  const [offset, size] = [request.u64(ReadIn.offset), request.u32(ReadIn.size)];
  if (offset === 0) {
    const names = namesNow(tree, handle.node);
    if (names === undefined) return "ENOENT";
    handle.names = names;
  }
  const piece = new ListingPiece(tree.listing.subarray(0, size));
  for (let index = offset; index < DOTS.length + handle.names.length; index++) {
    const isWritten = index < DOTS.length
      ? addDots(piece, handle, index, isPlus)
      : addName(tree, piece, handle, index, isPlus);
    if (!isWritten) break;
  }
  return piece.bytes;
}

/** The names in the order of the tree; undefined when the directory is gone. */
function namesNow(tree: ServedTree, node: Node): readonly string[] | undefined {
  const directory = tree.nodes.resolve(node);
  if (directory?.kind !== "directory") return undefined;
  return [...directory.names()].filter((name) => {
    if (isName(name)) return true;
    if (tree.unshown.size < MOST_COMPLAINTS && !tree.unshown.has(name)) {
      tree.unshown.add(name);
      const path = tree.nodes.pathOf(node);
      tree.report(
        "error",
        `${JSON.stringify(name)} in /${path} cannot be shown: it is no file name`,
      );
    }
    return false;
  });
}

function addDots(
  piece: ListingPiece,
  { node }: DirectoryHandle,
  index: number,
  isPlus: boolean,
): boolean {
  const { id } = index === 0 ? node : node.parent ?? node;
  const entry = isPlus ? NO_ENTRY : undefined; // the kernel wants nothing of these but the name
  return piece.add(DOTS[index]!, id, FileType.directory, index + 1, entry);
}

/** Adds an entry unless its object has gone meanwhile; false when there is no room for it. */
function addName(
  tree: ServedTree,
  piece: ListingPiece,
  { node, names }: DirectoryHandle,
  index: number,
  isPlus: boolean,
): boolean {
  const name = names[index - DOTS.length]!;
  // What the kernel is told of here counts as looked up: only what there is room for.
  if (isPlus && !piece.hasRoom(name, true)) return false;
  const found = tree.nodes.lookup(node, name, isPlus);
  if (found === undefined) return true;
  const id = isPlus ? found.node.id : tree.nodes.idOf(node, name) ?? UNKNOWN_INO;
  const entry = isPlus ? entryAnswer(found.node, found.tree, tree.owner) : undefined;
  return piece.add(name, id, typeOf(found.tree), index + 1, entry);
}

function typeOf(tree: TreeNode): number {
  return FileType[tree.kind];
}

/** An entry of which nothing is told (nodeid 0). */
const NO_ENTRY = new Uint8Array(EntryOut.SIZE);

/** A piece of a listing that fills up. */
class ListingPiece {
  readonly #buffer: Uint8Array<ArrayBuffer>;
  readonly #view: DataView<ArrayBuffer>;
  #length = 0;

  /** Fills `buffer`, which may say anything before. */
  constructor(buffer: Uint8Array<ArrayBuffer>) {
    this.#buffer = buffer;
    this.#view = new DataView(buffer.buffer, buffer.byteOffset, buffer.length);
  }

  get bytes(): Uint8Array {
    return this.#buffer.subarray(0, this.#length);
  }

  hasRoom(name: string, isPlus: boolean): boolean {
    return this.#length + sizeOf(ENCODER.encode(name), isPlus) <= this.#buffer.length;
  }

  /** False, and nothing is added, when there is no room. `next`: where the listing goes on. */
  add(name: string, ino: number, type: number, next: number, entry?: Uint8Array): boolean {
    const bytes = ENCODER.encode(name);
    const size = sizeOf(bytes, entry !== undefined);
    if (this.#length + size > this.#buffer.length) return false;
    let at = this.#length;
    if (entry !== undefined) {
      this.#buffer.set(entry, at);
      at += DirentPlus.dirent;
    }
    this.#view.setBigUint64(at + Dirent.ino, BigInt(ino), true);
    this.#view.setBigUint64(at + Dirent.off, BigInt(next), true);
    this.#view.setUint32(at + Dirent.namelen, bytes.length, true);
    this.#view.setUint32(at + Dirent.type, type >> 12, true);
    this.#buffer.set(bytes, at + Dirent.SIZE);
    this.#length += size;
    this.#buffer.fill(0, at + Dirent.SIZE + bytes.length, this.#length);
    return true;
  }
}

function sizeOf(name: Uint8Array, isPlus: boolean): number {
  return (isPlus ? DirentPlus.dirent : 0) + (Dirent.SIZE + name.length + 7 & ~7);
}
