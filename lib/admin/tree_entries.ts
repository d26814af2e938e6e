/** What can be told of the nodes of a tree: entries, and what files say. */
import { quote } from "../config/problem.ts";
import { BUG_MET, bugLine } from "../bug.ts";
import { log } from "../log.ts";
import { readNode, type TreeDirectory, TreeError, type TreeFile, type TreeNode } from "./tree.ts";
import type { Subtree, TreeEntry } from "./tree_client.ts";

/** What stat and readlink would tell of a node. */
export function entryOf(name: string, node: TreeNode): TreeEntry {
  if (node.kind === "file") return { name, kind: "file", mode: node.mode };
  if (node.kind === "link") return { name, kind: "link", target: node.target };
  return { name, kind: "directory" };
}

/** The entry that was told as `told`. */
export function entryOfTold({ name, kind, mode, target }: Subtree): TreeEntry {
  return {
    name,
    kind,
    ...(mode === undefined ? {} : { mode: parseInt(mode, 8) }),
    ...(target === undefined ? {} : { target }),
  };
}

/** What a directory has now, with the names. */
export function entriesOf(directory: TreeDirectory): [string, TreeNode][] {
  const entries: [string, TreeNode][] = [];
  for (const name of directory.names()) {
    const node = directory.lookup(name);
    if (node !== undefined) entries.push([name, node]);
  }
  return entries;
}

/** What a file says, at most a page of it. Rejects with a TreeError. */
export function readFile(file: TreeFile, path: string): Promise<Uint8Array> {
  return orTreeError(() => {
    if ((file.mode & 0o444) === 0) {
      throw new TreeError("EACCES", `${quote(path)} can only be written`);
    }
    return readNode(file);
  });
}

/** Whatever else a node throws is a bug, which is logged and is no reason for silence or a crash. */
export async function orTreeError<T>(work: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof TreeError) throw error;
    log("error", bugLine(error));
    throw new TreeError("EIO", BUG_MET);
  }
}
