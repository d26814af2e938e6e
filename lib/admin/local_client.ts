/** The management tree for those who are in the server's process: links followed, errors worded. */
import { quote } from "../config/problem.ts";
import { log } from "../log.ts";
import {
  readNode,
  type TreeDirectory,
  TreeError,
  type TreeFile,
  type TreeNode,
  writeNode,
} from "./tree.ts";
import type { TreeClient, TreeEntry } from "./tree_client.ts";

/** Links that one path may lead through, as in Linux (path_resolution(7)). */
const MAX_LINKS = 40;

/** What stat and readlink would tell of a node. */
export function entryOf(name: string, node: TreeNode): TreeEntry {
  if (node.kind === "file") return { name, kind: "file", mode: node.mode };
  if (node.kind === "link") return { name, kind: "link", target: node.target };
  return { name, kind: "directory" };
}

/** The names of a path. Throws a TreeError where one of them is `.` or `..`. */
export function namesOf(path: string): string[] {
  const names = path.split("/").filter((name) => name !== "");
  checkNames(names);
  return names;
}

/**
 * What `..` means after a link differs between shells, URLs and the kernel: a path that has one could
 * write to a node that was not meant. Throws a TreeError.
 */
export function checkNames(names: readonly string[]): void {
  if (names.some((name) => name === "." || name === "..")) {
    throw new TreeError("EINVAL", `A path has no "." and no "..": ${quote(names.join("/"))}`);
  }
}

export class LocalTreeClient implements TreeClient {
  readonly #root: TreeDirectory;

  constructor(root: TreeDirectory) {
    this.#root = root;
  }

  /** Rejects with a TreeError, as all of them. */
  list(path: string): Promise<readonly TreeEntry[]> {
    return orTreeError(() => {
      const directory = this.find(namesOf(path));
      if (directory.kind !== "directory") {
        throw new TreeError("ENOTDIR", `${quote(path)} is not a directory`);
      }
      return entriesOf(directory).map(([name, node]) => entryOf(name, node));
    });
  }

  async read(path: string): Promise<string> {
    const names = namesOf(path);
    const read = () => readFile(this.#file(names), names.join("/"));
    return new TextDecoder().decode(await orTreeError(read));
  }

  write(path: string, text: string): Promise<void> {
    return orTreeError(() => this.writeBytes(namesOf(path), new TextEncoder().encode(text)));
  }

  /** One store operation. */
  writeBytes(names: readonly string[], bytes: Uint8Array): Promise<void> {
    return orTreeError(() => {
      const file = this.#file(names);
      if ((file.mode & 0o222) === 0) {
        throw new TreeError("EACCES", `${quote(names.join("/"))} can only be read`);
      }
      return writeNode(file, bytes);
    });
  }

  /** The directory or file at the end of a path, links followed. Throws a TreeError. */
  find(names: readonly string[]): TreeDirectory | TreeFile {
    // The directories on the way, so that `..` is the one that was walked through, as in a kernel.
    const way: TreeDirectory[] = [this.#root];
    const told = quote(names.join("/"));
    let here: TreeDirectory | TreeFile = this.#root;
    let links = 0;
    for (const left = names.toReversed(); left.length > 0;) {
      const name = left.pop()!;
      if (here.kind === "file") throw new TreeError("ENOTDIR", `${told} leads through a file`);
      if (name === "..") {
        if (way.length === 1) throw new TreeError("ENOENT", `${told} leads out of the tree`);
        way.pop();
        here = way.at(-1)!;
        continue;
      }
      const node: TreeNode | undefined = here.lookup(name);
      if (node === undefined) throw new TreeError("ENOENT", `There is no ${told} in the tree`);
      if (node.kind === "link") {
        if (++links > MAX_LINKS) throw new TreeError("EINVAL", `${told} has too many links`);
        if (node.target.startsWith("/")) {
          throw new TreeError("ENOENT", `${told} leads out of the tree`);
        }
        left.push(...stepsOf(node.target).reverse());
        continue;
      }
      if (node.kind === "directory") way.push(node);
      here = node;
    }
    return here;
  }

  #file(names: readonly string[]): TreeFile {
    const node = this.find(names);
    if (node.kind === "file") return node;
    throw new TreeError("EISDIR", `${quote(names.join("/"))} is a directory`);
  }
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

/** The names that the text of a link leads through. */
function stepsOf(target: string): string[] {
  return target.split("/").filter((name) => name !== "" && name !== ".");
}

/** Whatever else a node throws is a bug, which is logged and is no reason for silence or a crash. */
async function orTreeError<T>(work: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof TreeError) throw error;
    const detail = error instanceof Error ? error.stack ?? error.message : String(error);
    log("error", `This is a bug in scst: ${detail}`);
    throw new TreeError("EIO", "There is a bug in scst, and the log tells of it");
  }
}
