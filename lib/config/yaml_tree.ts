/**
 * YAML 1.2 text to a tree of ConfigNodes. Aliases are resolved here, against a budget for the
 * whole expanded tree: a short file of aliases of aliases must not cost exponential work later.
 */
import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type ParsedNode,
  parseDocument,
  Scalar,
  type YAMLError,
  type YAMLMap,
} from "./yaml_package.ts";
import type { ConfigNode, MapEntry, ScalarNode } from "./node.ts";
import { joinPath, type Position, type ProblemList } from "./problem.ts";

/** Nodes of one configuration with every alias expanded. */
const MAX_NODES = 100_000;
/** A valid configuration has five levels. */
const MAX_DEPTH = 16;
const TOO_DEEP = `is nested too deeply: at most ${MAX_DEPTH} levels are read`;

/** Patterns begin with what YAML takes for something else. */
const QUOTE_TAG = 'a text that begins with "!" needs quotes';
const QUOTE_ALIAS = 'a text that begins with "*" needs quotes';

const START: Position = { line: 1, column: 1 };

/**
 * The tree of `text`, or undefined if the text is not YAML; what is wrong is then in `problems`.
 * A tree can come back although there are problems, so that the keys in it are checked as well.
 */
export function parseYaml(text: string, problems: ProblemList): ConfigNode | undefined {
  const lines = new LineCounter();
  let document: Document.Parsed;
  try {
    document = parseDocument(text, {
      lineCounter: lines,
      prettyErrors: false,
      // TreeBuilder tells it with the place of both keys, and compares keys as text.
      uniqueKeys: false,
      version: "1.2",
    });
  } catch (error) {
    // The package calls itself for every level.
    if (!(error instanceof RangeError)) throw error;
    problems.add(START, "", TOO_DEEP);
    return undefined;
  }
  const builder = new TreeBuilder(lines, problems);
  // Where the package notices it by itself, what it says besides is an echo of that.
  const deep = document.errors.find(({ message }) => message.includes("call stack"));
  if (deep !== undefined) {
    problems.add(builder.position(deep.pos[0]), "", TOO_DEEP);
    return undefined;
  }
  const told = new Set<number>();
  for (const fault of [...document.errors, ...document.warnings]) {
    const at = builder.position(fault.pos[0]);
    // What follows the first fault of a line is mostly its echo.
    if (told.has(at.line)) continue;
    told.add(at.line);
    problems.add(at, "", syntaxFault(fault, text.split("\n", at.line).at(-1) ?? ""));
  }
  if (document.errors.length > 0) return undefined;
  return builder.build(document.contents, "", 1);
}

/** What is said instead of messages that quote the file, where a secret might stand. */
const FAULTS: Readonly<Record<string, string>> = {
  BAD_DIRECTIVE: "has a directive that is not taken here",
  BAD_DQ_ESCAPE: "is not valid YAML: Invalid escape sequence in double quotes",
  MULTIPLE_DOCS: 'must be one YAML document: remove the "---" and what follows it',
  TAG_RESOLVE_FAILED: `has a tag that is not taken here: ${QUOTE_TAG}`,
};

/** Continues "The configuration ..."; `line` is the line of the fault. */
function syntaxFault({ code, message }: YAMLError, line: string): string {
  const fault = FAULTS[code];
  if (fault !== undefined) return fault;
  // Behind a colon the package quotes what it has found.
  const [what = ""] = message.split(/(?<=\w): /);
  if (message.startsWith("Alias ")) return `is not valid YAML: ${what}; ${QUOTE_ALIAS}`;
  const address = /\[[0-9a-f.]*:[0-9a-f:.]*\]/i.test(line);
  return `is not valid YAML: ${what}${address ? "; an address in brackets needs quotes" : ""}`;
}

/** An anchor's node and what it costs to expand it once more. */
interface Anchored {
  readonly node: ConfigNode;
  readonly cost: number;
}

class TreeBuilder {
  readonly #lines: LineCounter;
  readonly #problems: ProblemList;
  readonly #anchors = new Map<string, Anchored>();
  #nodes = 0;
  /** Whether the budget was exceeded, which is told once. */
  #full = false;

  constructor(lines: LineCounter, problems: ProblemList) {
    this.#lines = lines;
    this.#problems = problems;
  }

  position(offset: number): Position {
    const { line, col } = this.#lines.linePos(offset);
    // The counter knows no line before the first character of an empty text.
    return line === 0 ? START : { line, column: col };
  }

  build(node: ParsedNode | null, path: string, depth: number): ConfigNode {
    const at = node ? this.position(node.range[0]) : START;
    if (node === null) return nothing(at);
    if (depth > MAX_DEPTH) {
      this.#problems.add(at, path, TOO_DEEP);
      return { kind: "broken", at };
    }
    if (isAlias(node)) return this.#expand(node.source, at, path);
    if (node.tag?.startsWith("!")) {
      // YAML would go on with what is behind a lone "!", the opposite of what a pattern means; of
      // other tags it has complained.
      const what = `has a tag that is not taken here: ${QUOTE_TAG}`;
      if (node.tag === "!") this.#problems.add(at, path, what);
      return { kind: "broken", at };
    }
    const before = this.#nodes++;
    const built = this.#construct(node, at, path, depth);
    if (node.anchor) {
      this.#anchors.set(node.anchor, { node: built, cost: this.#nodes - before });
    }
    return built;
  }

  #construct(node: ParsedNode, at: Position, path: string, depth: number): ConfigNode {
    if (isMap(node)) return { kind: "map", at, entries: this.#entries(node, path, depth) };
    if (isSeq(node)) {
      const items = node.items.map((item, index) =>
        this.build(item as ParsedNode | null, `${path}[${index}]`, depth + 1)
      );
      return { kind: "list", at, items };
    }
    return isScalar(node) ? scalar(node, at) : nothing(at);
  }

  #entries(map: YAMLMap, path: string, depth: number): MapEntry[] {
    const entries: MapEntry[] = [];
    const seen = new Map<string, Position>();
    for (const pair of map.items) {
      const keyNode = this.build(pair.key as ParsedNode | null, path, depth + 1);
      if (keyNode.kind === "broken") continue;
      if (keyNode.kind !== "scalar" || keyNode.empty) {
        this.#problems.add(keyNode.at, path, "has a key that is not plain text");
        continue;
      }
      const key = keyNode.text;
      const keyPath = joinPath(path, key);
      const first = seen.get(key);
      if (key === "<<") {
        const what = "is a merge key, which is not taken here: write the keys out";
        this.#problems.add(keyNode.at, keyPath, what);
        continue;
      }
      if (first) {
        this.#problems.add(keyNode.at, keyPath, `is given twice: first in line ${first.line}`);
        continue;
      }
      seen.set(key, keyNode.at);
      const value = pair.value === null
        ? nothing(keyNode.at)
        : this.build(pair.value as ParsedNode, keyPath, depth + 1);
      entries.push({ key, keyAt: keyNode.at, value });
    }
    return entries;
  }

  #expand(anchor: string, at: Position, path: string): ConfigNode {
    const anchored = this.#anchors.get(anchor);
    if (!anchored) {
      const what = `names an anchor that no finished node before has; ${QUOTE_ALIAS}`;
      this.#problems.add(at, path, what);
      return { kind: "broken", at };
    }
    if (this.#nodes + anchored.cost > MAX_NODES) {
      const what = `expands aliases to more than ${MAX_NODES} values`;
      if (!this.#full) this.#problems.add(at, path, what);
      this.#full = true;
      return { kind: "broken", at };
    }
    this.#nodes += anchored.cost;
    return anchored.node;
  }
}

function nothing(at: Position): ScalarNode {
  return { kind: "scalar", at, text: "", empty: true, truth: undefined };
}

function scalar(node: Scalar, at: Position): ScalarNode {
  const { value } = node;
  return {
    kind: "scalar",
    at,
    text: typeof value === "string" ? value : node.source ?? "",
    empty: value === null,
    truth: typeof value === "boolean" ? value : undefined,
  };
}
