/** Calls of scstadmin's options over a management tree without a server, and what they say and write. */
import { LocalTreeClient } from "../../lib/admin/local_client.ts";
import { SnapshotClient } from "../../lib/admin/scstadmin/snapshot_client.ts";
import { runScstadmin } from "../../lib/admin/scstadmin/run.ts";
import { TreeShell } from "./tree_shell.ts";

/** A way to the tree of a shell that remembers what was written. */
export class RecordedTree extends LocalTreeClient {
  /** `PATH <- TEXT` for each write, line breaks as "\n". */
  readonly writes: string[] = [];

  constructor(shell = new TreeShell()) {
    super(shell.root);
  }

  override write(path: string, text: string): Promise<void> {
    this.writes.push(`${path} <- ${text.replaceAll("\n", "\\n")}`);
    return super.write(path, text);
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
  const code = await runScstadmin(args, () => Promise.resolve(new SnapshotClient(tree)), {
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
