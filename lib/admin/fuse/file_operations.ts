/** Operations on attributes: OPEN, READ, WRITE, RELEASE. */
import { readNode, TreeError, type TreeFile, writeNode } from "../tree.ts";
import { OpenFlag, OpenIn, OpenOut, ReadIn, ReleaseIn, WriteIn, WriteOut } from "./abi.ts";
import { mayAccess } from "./attributes.ts";
import type { FileHandle } from "./handles.ts";
import type { Node } from "./node_table.ts";
import type { Request } from "./request.ts";
import { type Answer, DONE, type ServedTree } from "./served_tree.ts";

const READ = 4;
const WRITE = 2;
/** By the access mode in the flags of open(2): O_RDONLY, O_WRONLY, O_RDWR. */
const WAYS: readonly number[] = [READ, WRITE, READ | WRITE];

/** The answer to OPEN and OPENDIR. */
export function openAnswer(fh: number | undefined, flags: number): Answer {
  if (fh === undefined) return "ENFILE";
  const view = new DataView(new ArrayBuffer(OpenOut.SIZE));
  view.setBigUint64(OpenOut.fh, BigInt(fh), true);
  view.setUint32(OpenOut.open_flags, flags, true);
  return new Uint8Array(view.buffer);
}

/** Whether the file can be used so at all: kernfs asks that of root too (kernfs_fop_open()). */
function canBeUsed(file: TreeFile, ways: number): boolean {
  const canRead = (file.mode & 0o444) !== 0 && file.read !== undefined;
  const canWrite = (file.mode & 0o222) !== 0 && file.write !== undefined;
  return ((ways & READ) === 0 || canRead) && ((ways & WRITE) === 0 || canWrite);
}

export function open(tree: ServedTree, request: Request): Answer {
  request.require(OpenIn.SIZE);
  const node = tree.nodes.get(request.nodeid);
  const file = node && tree.nodes.resolve(node);
  if (node === undefined || file === undefined) return "ENOENT";
  if (file.kind !== "file") return file.kind === "directory" ? "EISDIR" : "ELOOP";
  const ways = WAYS[request.u32(OpenIn.flags) & 3];
  if (ways === undefined) return "EINVAL";
  if (!canBeUsed(file, ways) || !mayAccess(request.uid, file, ways, tree.owner)) return "EACCES";
  const fh = tree.files.add({ node, snapshot: undefined });
  return openAnswer(fh, OpenFlag.DIRECT_IO | OpenFlag.NOFLUSH);
}

/** The file behind a handle; undefined when its object is gone (ENODEV, as in sysfs). */
function fileOf(tree: ServedTree, { node }: FileHandle): TreeFile | undefined {
  const found = tree.nodes.resolve(node);
  return found?.kind === "file" ? found : undefined;
}

export function read(tree: ServedTree, request: Request): Answer | Promise<Answer> {
  request.require(ReadIn.SIZE);
  const handle = tree.files.get(request.u64(ReadIn.fh));
  if (handle === undefined) return "EBADF";
  const [offset, size] = [request.u64(ReadIn.offset), request.u32(ReadIn.size)];
  if (offset > 0 && handle.snapshot !== undefined) {
    return handle.snapshot.subarray(offset, offset + size);
  }
  const file = fileOf(tree, handle);
  if (file === undefined) return "ENODEV";
  const answer = (snapshot: Uint8Array): Answer => {
    handle.snapshot = snapshot;
    return snapshot.subarray(offset, offset + size);
  };
  const snapshot = readNode(file);
  return snapshot instanceof Promise ? snapshot.then(answer) : answer(snapshot);
}

export function write(tree: ServedTree, request: Request): Answer | Promise<Answer> {
  request.require(WriteIn.SIZE);
  const handle = tree.files.get(request.u64(WriteIn.fh));
  if (handle === undefined) return "EBADF";
  const bytes = request.copy(WriteIn.SIZE, request.u32(WriteIn.size));
  const file = fileOf(tree, handle);
  if (file === undefined) return "ENODEV";
  return store(tree, file, handle.node, bytes);
}

/** The program that writes is told a number only: the sentence goes to the log. */
async function store(
  tree: ServedTree,
  file: TreeFile,
  node: Node,
  bytes: Uint8Array,
): Promise<Answer> {
  try {
    await writeNode(file, bytes);
  } catch (error) {
    if (error instanceof TreeError) {
      const path = tree.nodes.pathOf(node);
      tree.report("warning", `A write to ${path} was refused (${error.errno}): ${error.message}`);
    }
    throw error;
  }
  const view = new DataView(new ArrayBuffer(WriteOut.SIZE));
  view.setUint32(WriteOut.size, bytes.length, true);
  return new Uint8Array(view.buffer);
}

export function release(tree: ServedTree, request: Request): Answer {
  request.require(ReleaseIn.SIZE);
  tree.files.delete(request.u64(ReleaseIn.fh));
  return DONE;
}
