/** The management tree as a shell sees it: echo, cat and ls with paths from its root. */
import { Administration } from "../../lib/admin/administration.ts";
import { emptyModel } from "../../lib/admin/empty_model.ts";
import type { Engine } from "../../lib/admin/engine.ts";
import { OfflineEngine } from "../../lib/admin/offline_engine.ts";
import { managementTree } from "../../lib/admin/root.ts";
import {
  readNode,
  type TreeDirectory,
  TreeError,
  type TreeNode,
  writeNode,
} from "../../lib/admin/tree.ts";
import type { ServerModel } from "../../lib/scst/model.ts";

/** The node at a path of names from `root`, links not followed; undefined where there is none. */
function findNode(root: TreeDirectory, path: readonly string[]): TreeNode | undefined {
  let node: TreeNode = root;
  for (const name of path) {
    if (node.kind !== "directory") return undefined;
    const next = node.lookup(name);
    if (next === undefined) return undefined;
    node = next;
  }
  return node;
}

/** A server without anything. */
export const EMPTY_MODEL: ServerModel = emptyModel("/nonexistent");

export class TreeShell {
  readonly administration: Administration;
  readonly root: TreeDirectory;

  constructor(engine: Engine = new OfflineEngine(), model = EMPTY_MODEL) {
    this.administration = new Administration(engine, model);
    this.root = managementTree(this.administration);
  }

  node(path: string): TreeNode {
    const node = findNode(this.root, path.split("/").filter((name) => name !== ""));
    if (node === undefined) throw new TreeError("ENOENT", `There is no ${path}`);
    return node;
  }

  ls(path: string): string[] {
    const node = this.node(path);
    if (node.kind !== "directory") throw new TreeError("ENOTDIR", `${path} is a ${node.kind}`);
    return [...node.names()];
  }

  async cat(path: string): Promise<string> {
    const node = this.node(path);
    if (node.kind !== "file") throw new TreeError("EISDIR", `${path} is a ${node.kind}`);
    return new TextDecoder().decode(await readNode(node));
  }

  /** What `echo TEXT >PATH` writes. */
  async echo(text: string, path: string): Promise<void> {
    await this.write(`${text}\n`, path);
  }

  async write(text: string, path: string): Promise<void> {
    const node = this.node(path);
    if (node.kind !== "file") throw new TreeError("EISDIR", `${path} is a ${node.kind}`);
    await writeNode(node, new TextEncoder().encode(text));
  }

  /** What `echo TEXT >PATH` fails with: the name of an errno and the sentence. */
  async refusal(text: string, path: string): Promise<string> {
    try {
      await this.echo(text, path);
    } catch (error) {
      if (error instanceof TreeError) return `${error.errno} ${error.message}`;
      throw error;
    }
    throw new Error(`echo "${text}" >${path} succeeded`);
  }

  /** Every path below `path`, with what is there: the text of a file, the target of a link. */
  async find(path = ""): Promise<Map<string, string>> {
    const found = new Map<string, string>();
    for (const name of this.ls(path)) {
      const below = path === "" ? name : `${path}/${name}`;
      const node = this.node(below);
      if (node.kind === "link") found.set(below, `-> ${node.target}`);
      else if (node.kind === "file") {
        const mode = node.mode.toString(8).padStart(4, "0");
        found.set(below, node.read === undefined ? mode : `${mode} ${await this.cat(below)}`);
      } else {
        found.set(below, "directory");
        for (const [inner, text] of await this.find(below)) found.set(inner, text);
      }
    }
    return found;
  }
}
