/**
 * What is wrong with a configuration: one line a problem, all of them at once, each with its place
 * in the file, so that one run of `scst check` is enough to mend everything.
 */

/** A place in the file, both counted from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** More lines than this help nobody; the rest is counted. */
const SHOWN_PROBLEMS = 100;
const SHOWN_VALUE_LENGTH = 80;

/** A configuration, or the state that belongs to it, cannot be used. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
  /** One finished sentence for each problem, in the order of the file. */
  readonly problems: readonly string[];

  constructor(problems: readonly string[], options?: ErrorOptions) {
    super(problems.join("\n"), options);
    this.problems = problems;
  }
}

/** Collects the problems of one file. */
export class ProblemList {
  readonly #file: string;
  readonly #found: { readonly at: Position; readonly text: string }[] = [];

  constructor(file: string) {
    this.#file = file;
  }

  /** Records that the key at `path` is wrong; `what` continues the sentence that the path begins. */
  add(at: Position, path: string, what: string): void {
    this.#found.push({ at, text: `${path === "" ? "The configuration" : path} ${what}` });
  }

  /** Throws a ConfigError that names every problem, if there is one. */
  throwIfAny(): void {
    if (this.#found.length === 0) return;
    const sorted = this.#found.toSorted((a, b) =>
      a.at.line - b.at.line || a.at.column - b.at.column
    );
    const lines = sorted.slice(0, SHOWN_PROBLEMS).map(({ at, text }) =>
      `${this.#file}:${at.line}:${at.column}: ${text}`
    );
    const hidden = sorted.length - lines.length;
    if (hidden > 0) lines.push(`${this.#file}: ${hidden} more problems are not shown`);
    throw new ConfigError(lines);
  }
}

/** `parent.key`, or `parent["key"]` where the key could not be told from its neighbours. */
export function joinPath(parent: string, key: string): string {
  if (!/^[\w-]{1,64}$/.test(key)) return `${parent}[${quote(key)}]`;
  return parent === "" ? key : `${parent}.${key}`;
}

/** `text` in double quotes, of bounded length, with nothing in it that could steer a terminal. */
export function quote(text: string): string {
  const short = text.length > SHOWN_VALUE_LENGTH ? `${text.slice(0, SHOWN_VALUE_LENGTH)}...` : text;
  // C1 controls, line separators and bidirectional overrides are no concern of JSON, but of terminals.
  return JSON.stringify(short).replace(
    /[\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** `a, b or c`. */
export function oneOf(words: readonly string[]): string {
  const last = words.at(-1) ?? "";
  return words.length < 2 ? last : `${words.slice(0, -1).join(", ")} or ${last}`;
}
