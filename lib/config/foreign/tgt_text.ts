/**
 * The text of tgt's targets.conf: lines of a key and a value, and blocks between `<name argument>` and
 * `</name>`, as the Perl module Config::General reads them.
 */
import { ConfigError, quote } from "../problem.ts";

/** A line: the key as it is written, and all that follows it. */
export interface TgtEntry {
  readonly key: string;
  readonly value: string;
  /** File and line, for messages. */
  readonly at: string;
}

export interface TgtBlock {
  readonly name: string;
  readonly argument: string;
  readonly at: string;
  readonly entries: readonly TgtEntry[];
  readonly blocks: readonly TgtBlock[];
}

/** What the text of a file that is included is, for each file that a pattern names. */
export type Include = (pattern: string) => readonly { path: string; text: string }[];

/** Files that include each other end somewhere. */
const DEPTH_MOST = 8;

interface OpenBlock {
  readonly name: string;
  readonly argument: string;
  readonly at: string;
  readonly entries: TgtEntry[];
  readonly blocks: TgtBlock[];
}

/** Reads a file; its lines stand in the block that is returned. Throws a ConfigError. */
export function parseTgtText(text: string, path: string, include: Include): TgtBlock {
  const root: OpenBlock = { name: "", argument: "", at: path, entries: [], blocks: [] };
  readInto(root, text, path, include, 0);
  return root;
}

function readInto(
  root: OpenBlock,
  text: string,
  path: string,
  include: Include,
  depth: number,
): void {
  if (depth > DEPTH_MOST) throw new ConfigError([`${path}: too many files include each other`]);
  const open = [root];
  for (const [line, at] of linesOf(text, path)) {
    const block = open.at(-1)!;
    const tag = /^<(\/?)([\w-]+)\s*(.*?)>$/.exec(line);
    const named = /^(?:<<include\s+(.*?)>>|include\s+(.*))$/i.exec(line);
    if (named !== null) {
      for (const file of include(unquoted((named[1] ?? named[2])!))) {
        readInto(block, file.text, file.path, include, depth + 1);
      }
    } else if (tag?.[1] === "") {
      const argument = unquoted(tag[3]!);
      open.push({ name: tag[2]!, argument, at, entries: [], blocks: [] });
    } else if (tag !== null) {
      if (block === root || block.name !== tag[2]) {
        throw new ConfigError([`${at}: ${quote(line)} ends nothing that was begun`]);
      }
      open.pop();
      open.at(-1)!.blocks.push(block);
    } else {
      const [, key = "", value = ""] = /^([^\s=]+)(?:\s*=\s*|\s+|$)(.*)$/.exec(line) ?? [];
      if (key.startsWith("<")) {
        throw new ConfigError([`${at}: ${quote(line)} is neither a tag nor a setting`]);
      }
      block.entries.push({ key, value: unquoted(value), at });
    }
  }
  const unfinished = open.at(-1)!;
  if (unfinished === root) return;
  throw new ConfigError([`${unfinished.at}: <${unfinished.name}> is never ended`]);
}

/** The lines that say something, without comments, and those put together that a backslash parts. */
function* linesOf(text: string, path: string): Generator<[line: string, at: string]> {
  let kept = "";
  let from = 0;
  for (const [index, raw] of text.split(/\r?\n/).entries()) {
    const line = raw.replace(/(^|[^\\])#.*$/, "$1").replaceAll("\\#", "#").trim();
    if (kept === "") from = index + 1;
    if (line.endsWith("\\")) {
      kept += `${line.slice(0, -1).trim()} `;
      continue;
    }
    const whole = kept + line;
    kept = "";
    if (whole !== "") yield [whole, `${path}:${from}`];
  }
  if (kept !== "") yield [kept.trim(), `${path}:${from}`];
}

function unquoted(text: string): string {
  return /^(["']).*\1$/.test(text) ? text.slice(1, -1) : text;
}
