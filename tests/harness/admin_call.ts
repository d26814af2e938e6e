/** Calls of scstadmin's options over a management tree without a server, and what they say and write. */
import { runScstadmin } from "../../lib/admin/scstadmin/run.ts";
import {
  readNode,
  type TreeDirectory,
  TreeError,
  type TreeFile,
  type TreeNode,
  writeNode,
} from "../../lib/admin/tree.ts";
import type { TreeClient, TreeEntry } from "../../lib/admin/tree_client.ts";
import { TreeShell } from "./tree_shell.ts";

/** A way to the tree of a shell that remembers what was written. */
export class RecordedTree implements TreeClient {
  readonly shell: TreeShell;
  /** `PATH <- TEXT` for each write, line breaks as "\n". */
  readonly writes: string[] = [];

  constructor(shell = new TreeShell()) {
    this.shell = shell;
  }

  // deno-lint-ignore require-await -- what is thrown is to reject
  async list(path: string): Promise<TreeEntry[]> {
    const directory = this.#find(path);
    if (directory.kind !== "directory") throw new TreeError("ENOTDIR", `${path} is a file`);
    return [...directory.names()].map((name): TreeEntry => {
      const node = directory.lookup(name)!;
      if (node.kind === "file") return { name, kind: "file", mode: node.mode };
      if (node.kind === "link") return { name, kind: "link", target: node.target };
      return { name, kind: "directory" };
    });
  }

  async read(path: string): Promise<string> {
    return new TextDecoder().decode(await readNode(this.#file(path)));
  }

  async write(path: string, text: string): Promise<void> {
    this.writes.push(`${path} <- ${text.replaceAll("\n", "\\n")}`);
    await writeNode(this.#file(path), new TextEncoder().encode(text));
  }

  #file(path: string): TreeFile {
    const node = this.#find(path);
    if (node.kind === "file") return node;
    throw new TreeError("EISDIR", `${path} is a directory`);
  }

  #find(path: string): TreeDirectory | TreeFile {
    const way: string[] = [];
    let here: TreeDirectory | TreeFile = this.shell.root;
    for (const name of path.split("/").filter((one) => one !== "")) {
      const node: TreeNode | undefined = here.kind === "directory" ? here.lookup(name) : undefined;
      if (node === undefined) throw new TreeError("ENOENT", `There is no ${path}`);
      if (node.kind === "link") {
        const steps = [...way];
        for (const step of node.target.split("/")) step === ".." ? steps.pop() : steps.push(step);
        way.splice(0, way.length, ...steps);
        here = this.#find(way.join("/"));
      } else {
        way.push(name);
        here = node;
      }
    }
    return here;
  }
}

export interface AdminCall {
  /** What a question is answered with; "no" if not given. */
  readonly yes?: boolean;
  /** The files that there are, by their paths; what is written goes there. */
  readonly files?: Map<string, string>;
}

export interface AdminResult {
  readonly code: number;
  readonly out: string;
  /** The writes of this call. */
  readonly writes: readonly string[];
}

/** Calls scstadmin with `args`. */
export async function admin(
  tree: RecordedTree,
  args: readonly string[],
  { yes = false, files = new Map() }: AdminCall = {},
): Promise<AdminResult> {
  const before = tree.writes.length;
  const lines: string[] = [];
  const code = await runScstadmin(args, () => Promise.resolve(tree), {
    print: (text) => lines.push(text),
    confirm: (question) => {
      lines.push(question);
      return yes;
    },
    readFile: (path) => {
      const text = files.get(path);
      if (text === undefined) throw new Error(`Cannot read ${path}: there is none`);
      return text;
    },
    writeFile: (path, text) => files.set(path, text),
  });
  return {
    code,
    out: lines.map((line) => `${line}\n`).join(""),
    writes: tree.writes.slice(before),
  };
}

/** Applies the configuration `text`. */
export function applyText(
  tree: RecordedTree,
  text: string,
  ...options: string[]
): Promise<AdminResult> {
  const files = new Map([["scst.conf", text]]);
  return admin(tree, ["-noprompt", "-config", "scst.conf", ...options], { files });
}

/** What -write_config writes. */
export async function writtenText(tree: RecordedTree, ...options: string[]): Promise<string> {
  const files = new Map<string, string>();
  await admin(tree, ["-write_config", "out", ...options], { files });
  return files.get("out") ?? "";
}

/** The number that "N change(s) made" says. */
export function changesOf({ out }: AdminResult): number {
  return Number(/ (\d+) change\(s\) made/.exec(out)?.[1]);
}
