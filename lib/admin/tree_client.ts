/**
 * A way to the management tree, from inside the server's process or through its control socket. Paths
 * are names joined by "/", from the root of the tree: `targets/iscsi/mgmt`; "" is the root itself.
 */
import type { TreeErrno, TreeNode } from "./tree.ts";

/** One entry of a directory, with what stat and readlink would tell. */
export interface TreeEntry {
  readonly name: string;
  readonly kind: TreeNode["kind"];
  /** Permission bits of a file. */
  readonly mode?: number;
  /** What a link says. */
  readonly target?: string;
}

/** An entry as it is told: permission bits in octal as people write them. */
export interface Subtree extends Omit<TreeEntry, "mode"> {
  readonly mode?: string;
  /** What a file says; absent where it was not asked for, or cannot be read. */
  readonly content?: string;
  /** Why there is no content. */
  readonly error?: { readonly errno: TreeErrno; readonly message: string };
  /** Of a directory, where it is not too deep. */
  readonly entries?: readonly Subtree[];
}

/** What is to be told. */
export interface SubtreeQuery {
  /** Levels below the directory; 1 is its entries. */
  readonly depth: number | "all";
  /** Whether files say what they say. */
  readonly contents: boolean;
}

/** All of it rejects with a TreeError. Links are followed on the way, and at the end of it. */
export interface TreeClient {
  /** The entries of a directory in the order in which their objects were made. */
  list(path: string): Promise<readonly TreeEntry[]>;
  /** A directory and what is below it, links not followed. */
  subtree(path: string, query: SubtreeQuery): Promise<readonly Subtree[]>;
  /** What a file says. */
  read(path: string): Promise<string>;
  /** One store operation. */
  write(path: string, text: string): Promise<void>;
  /** Looks anew from now on: only who remembers what it has seen has this. */
  refresh?(): void;
}
