/**
 * A way to the management tree, from inside the server's process or through its control socket. Paths
 * are names joined by "/", from the root of the tree: `targets/iscsi/mgmt`; "" is the root itself.
 */
import type { TreeNode } from "./tree.ts";

/** One entry of a directory, with what stat and readlink would tell. */
export interface TreeEntry {
  readonly name: string;
  readonly kind: TreeNode["kind"];
  /** Permission bits of a file. */
  readonly mode?: number;
  /** What a link says. */
  readonly target?: string;
}

/** All of it rejects with a TreeError. Links are followed on the way, and at the end of it. */
export interface TreeClient {
  /** The entries of a directory in the order in which their objects were made. */
  list(path: string): Promise<readonly TreeEntry[]>;
  /** What a file says. */
  read(path: string): Promise<string>;
  /** One store operation. */
  write(path: string, text: string): Promise<void>;
}
