/**
 * `last_sysfs_mgmt_res`: what has become of the last write to the tree, whoever made it. In SCST it is how
 * to learn the result of a write that gave EAGAIN as it took too long; here every write waits for its own.
 */
import { Errno } from "../../ffi/errno.ts";
import { type TreeDirectory, TreeError, type TreeFile, type TreeNode } from "./tree.ts";

export class LastResult {
  #errno = 0;

  /** What the file says: 0, or the errno as a negative number. */
  get text(): string {
    return `${-this.#errno || 0}\n`;
  }

  /** `root`, of which every write is noted. */
  noting(root: TreeDirectory): TreeDirectory {
    return {
      ...root,
      lookup: (name) => {
        const node = root.lookup(name);
        return node && this.#notingNode(node);
      },
    };
  }

  #notingNode(node: TreeNode): TreeNode {
    if (node.kind === "directory") return this.noting(node);
    return node.kind === "file" && node.write !== undefined
      ? { ...node, write: (text) => this.#noteWrite(node, text) }
      : node;
  }

  async #noteWrite(file: TreeFile, text: string): Promise<void> {
    try {
      await file.write!(text);
      this.#errno = 0;
    } catch (error) {
      this.#errno = Errno[error instanceof TreeError ? error.errno : "EIO"];
      throw error;
    }
  }
}
