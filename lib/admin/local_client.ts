/** The management tree for those who are in the server's process: links followed, errors worded. */
import { quote } from "../config/problem.ts";
import { type TreeDirectory, TreeError, type TreeFile, type TreeNode, writeNode } from "./tree.ts";
import { subtreeOf } from "./subtree.ts";
import type { Subtree, SubtreeQuery, TreeClient, TreeEntry } from "./tree_client.ts";
import { entriesOf, entryOf, orTreeError, readFile } from "./tree_entries.ts";

/** Links that one path may lead through, as in Linux (path_resolution(7)). */
const MAX_LINKS = 40;

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
    return orTreeError(() =>
      entriesOf(this.#directory(path)).map(([name, node]) => entryOf(name, node))
    );
  }

  subtree(path: string, query: SubtreeQuery): Promise<readonly Subtree[]> {
    return orTreeError(() => subtreeOf(this.#directory(path), query));
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

  #directory(path: string): TreeDirectory {
    const node = this.find(namesOf(path));
    if (node.kind === "directory") return node;
    throw new TreeError("ENOTDIR", `${quote(path)} is not a directory`);
  }

  #file(names: readonly string[]): TreeFile {
    const node = this.find(names);
    if (node.kind === "file") return node;
    throw new TreeError("EISDIR", `${quote(names.join("/"))} is a directory`);
  }
}

/** The names that the text of a link leads through. */
function stepsOf(target: string): string[] {
  return target.split("/").filter((name) => name !== "" && name !== ".");
}
