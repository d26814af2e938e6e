/** The whole of a management tree as text, as each of its doors shows it. */
import type { Subtree } from "../../lib/admin/tree_client.ts";
import type { SocketTreeClient } from "../../lib/cli/connect_tree.ts";
import { toolOutput } from "./tools.ts";

/** What cannot be the same each time: the start of a line's text, and what stands for it. */
export type Replacements = readonly (readonly [found: string | RegExp, shown: string])[];

/** An entry: of a link what it says, of a file its mode, and what it says where it can be read. */
interface WalkedEntry {
  readonly path: string;
  readonly kind: "directory" | "file" | "link";
  readonly mode?: string;
  readonly target?: string;
  readonly content?: string;
}

/**
 * Everything through the control socket, in the order of the tree. Throws where a file that can be read
 * does not say anything.
 */
export async function walkSocket(client: SocketTreeClient): Promise<WalkedEntry[]> {
  return flat("", await client.subtree("", { depth: "all", contents: true }));
}

function flat(parent: string, entries: readonly Subtree[]): WalkedEntry[] {
  return entries.flatMap(({ name, entries, error, ...entry }): WalkedEntry[] => {
    const path = `${parent}${name}`;
    if (error !== undefined && error.errno !== "EACCES") {
      throw new Error(`${path}: ${error.errno} ${error.message}`);
    }
    return [{ path, ...entry }, ...flat(`${path}/`, entries ?? [])];
  });
}

/** Marks in the output of the shell; no file of the tree has a byte like it. */
const MARK = "\x01";

/** What find and cat see of a mounted tree. */
const WALK = `set -f; cd "$1" || exit 1
find . -mindepth 1 -printf '%y %m %P\\t%l\\n' | while IFS= read -r line; do
  printf '\\001%s\\001' "$line"
  set -- $line
  case $1$2 in
    f?00) [ "$2" = 200 ] || cat "$3" ;;
    f*) cat "$3" ;;
  esac
done`;

const KINDS: Readonly<Record<string, WalkedEntry["kind"]>> = {
  d: "directory",
  f: "file",
  l: "link",
};

/** Everything through a mount, by find and cat. */
export async function walkMount(mountPoint: string): Promise<WalkedEntry[]> {
  const parts = (await toolOutput("sh", ["-c", WALK, "walk", mountPoint])).split(MARK).slice(1);
  const entries: WalkedEntry[] = [];
  for (let at = 0; at < parts.length; at += 2) {
    const [head = "", target = ""] = parts[at]!.split("\t");
    const [, letter = "", mode = "", path = ""] = /^(\w) (\d+) (.*)$/.exec(head) ?? [];
    const kind = KINDS[letter]!;
    if (kind === "directory") entries.push({ path, kind });
    else if (kind === "link") entries.push({ path, kind, target });
    else {
      const content = mode === "200" ? {} : { content: parts[at + 1] ?? "" };
      entries.push({ path, kind, mode: mode.padStart(4, "0"), ...content });
    }
  }
  return entries;
}

/** The text of a walk: a line for each entry, and below it, set in, those of its content. */
export function walkText(entries: readonly WalkedEntry[], replacements: Replacements): string {
  const lines = entries.flatMap(({ path, kind, mode, target, content }) => {
    if (kind === "directory") return [`${path}/`];
    if (kind === "link") return [`${path} -> ${target}`];
    return [`${path} ${mode}`, ...content === undefined ? [] : contentLines(content)];
  });
  const text = lines.map((line) => `${line}\n`).join("");
  return replacements.reduce((so, [found, shown]) => so.replaceAll(found, shown), text);
}

/** Each line behind a bar, as blank ones count; one without an end ends with a backslash. */
function contentLines(content: string): string[] {
  const lines = content.split("\n");
  const last = lines.pop()!;
  const shown = lines.map((line) => `    |${line}`);
  return last === "" ? shown : [...shown, `    |${last}\\`];
}
