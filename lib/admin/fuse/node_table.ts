/**
 * The nodes that the kernel knows by number. A node is a name in a parent, seen with one kind of thing
 * behind it: its number is the same as long as that is so, and is never given to another one. The
 * kernel counts how often it was told a number and tells when it forgets: the table holds no more than
 * the kernel does, and what leads there.
 */
import type { TreeDirectory, TreeNode } from "../tree.ts";
import { ROOT_ID } from "./abi.ts";

export interface Node {
  readonly id: number;
  /** undefined of the root */
  readonly parent: Node | undefined;
  readonly name: string;
  readonly kind: TreeNode["kind"];
  /** When it was seen first, in seconds since 1970. */
  readonly born: number;
}

class CountedNode implements Node {
  /** How often the kernel was told of it. */
  lookups = 0;
  /** Those that the kernel was told of, or that lead to such; by name only those that are still there. */
  children = 0;
  readonly byName = new Map<string, CountedNode>();
  /** Its name was seen without it. */
  gone = false;
  readonly kind: TreeNode["kind"];

  constructor(
    readonly id: number,
    readonly parent: CountedNode | undefined,
    readonly name: string,
    /** What was seen behind it last. */
    public seen: TreeNode,
    readonly born: number,
  ) {
    this.kind = seen.kind;
  }
}

export class NodeTable {
  readonly #root: TreeDirectory;
  readonly #rootNode: CountedNode;
  readonly #now: () => number;
  readonly #byId = new Map<number, CountedNode>();
  #nextId = ROOT_ID + 1;

  /** `now`: seconds since 1970 */
  constructor(root: TreeDirectory, now = () => Math.floor(Date.now() / 1000)) {
    this.#root = root;
    this.#now = now;
    this.#rootNode = new CountedNode(ROOT_ID, undefined, "", root, now());
    this.#rootNode.lookups = 1; // it is never forgotten
    this.#byId.set(ROOT_ID, this.#rootNode);
  }

  /** How many nodes there are, with the root. */
  get size(): number {
    return this.#byId.size;
  }

  /** The node of a number. */
  get(id: number): Node | undefined {
    return this.#byId.get(id);
  }

  /** What stands behind a node now; undefined when that is gone, whatever has its name by now. */
  resolve(node: Node): TreeNode | undefined {
    return this.#resolve(node as CountedNode);
  }

  /** What stands behind a node, or did when it was seen last: for fstat(2) of what is still open. */
  lastSeen(node: Node): TreeNode {
    return this.resolve(node) ?? (node as CountedNode).seen;
  }

  /**
   * Looks a name up in a directory, as the kernel does: what is found counts as told to it once more
   * when `isTold`.
   */
  lookup(parent: Node, name: string, isTold: boolean): { node: Node; tree: TreeNode } | undefined {
    const owner = parent as CountedNode;
    const directory = this.#resolve(owner);
    const tree = directory?.kind === "directory" ? directory.lookup(name) : undefined;
    const known = this.#known(owner, name, tree);
    if (tree === undefined) return undefined;
    const node = known ?? new CountedNode(this.#nextId, owner, name, tree, this.#now());
    if (isTold) {
      if (known === undefined) this.#insert(node);
      node.lookups++;
    }
    return { node, tree };
  }

  /** The number of a name that the kernel knows already. */
  idOf(parent: Node, name: string): number | undefined {
    return (parent as CountedNode).byName.get(name)?.id;
  }

  /** The kernel forgets that it was told of a node `count` times. */
  forget(id: number, count: number): void {
    const node = this.#byId.get(id);
    if (node === undefined || node === this.#rootNode) return;
    node.lookups = Math.max(0, node.lookups - count);
    this.#release(node);
  }

  /** The names from the root to a node, joined, for messages. */
  pathOf(node: Node): string {
    const names: string[] = [];
    for (let at: Node | undefined = node; at?.parent !== undefined; at = at.parent) {
      names.unshift(at.name);
    }
    return names.join("/");
  }

  #resolve(node: CountedNode): TreeNode | undefined {
    if (node.parent === undefined) return this.#root;
    if (node.gone) return undefined;
    const directory = this.#resolve(node.parent);
    const tree = directory?.kind === "directory" ? directory.lookup(node.name) : undefined;
    return this.#known(node.parent, node.name, tree) === node ? tree : undefined;
  }

  /** The node of a name that goes on being it, now that `tree` was found there. */
  #known(parent: CountedNode, name: string, tree: TreeNode | undefined): CountedNode | undefined {
    const node = parent.byName.get(name);
    if (node === undefined) return undefined;
    if (tree !== undefined && node.kind === tree.kind) {
      node.seen = tree;
      return node;
    }
    node.gone = true;
    parent.byName.delete(name);
    return undefined;
  }

  #insert(node: CountedNode): void {
    this.#nextId++;
    this.#byId.set(node.id, node);
    node.parent!.byName.set(node.name, node);
    node.parent!.children++;
  }

  /** Drops a node that nobody knows, and those above it that were there for its sake only. */
  #release(node: CountedNode): void {
    let at: CountedNode | undefined = node;
    while (at?.parent !== undefined && at.lookups === 0 && at.children === 0) {
      this.#byId.delete(at.id);
      if (!at.gone) at.parent.byName.delete(at.name);
      at.parent.children--;
      at = at.parent;
    }
  }
}
