/**
 * Objects of a configuration are described by tables of attributes. Everything that holds for any
 * key (unknown, missing, of the wrong kind, refused) is decided and worded here, once.
 */
import { type ConfigNode, describeKind, describeNode, isEmpty, type ScalarNode } from "./node.ts";
import { nearestWord } from "./nearest.ts";
import { joinPath, type Position, type ProblemList } from "./problem.ts";

/** One key of an object. */
export interface Attribute<T> {
  /** The value that stands for a key that is not there. */
  readonly fallback: T;
  /** Whether the key has to be there; the fallback then only bridges the gap to the next problem. */
  readonly required?: boolean;
  /** What a value is; absent where that is an object or a collection. */
  readonly allowed?: string;
  /** Whether it is left out where keys are listed: it is for those who know it. */
  readonly isUncommon?: boolean;
  /** The value of `node`, or undefined after a problem was added. */
  readonly read: (node: ConfigNode, path: string, problems: ProblemList) => T | undefined;
}

export type AttributeTable<T> = { readonly [K in keyof T]-?: Attribute<T[K]> };

/** An object as it was read. */
export interface ReadObject<T> {
  readonly values: T;
  /** Where each key's value is; only keys whose value was taken. */
  readonly at: ReadonlyMap<keyof T, Position>;
  /** The keys that are there, whether their value was taken or not. */
  readonly given: ReadonlySet<keyof T>;
}

/** How the text of a scalar becomes a value. */
export interface ScalarRule<T> {
  /** Completes "must be ...". */
  readonly allowed: string;
  /** The value, or undefined if the scalar is refused. */
  readonly parse: (scalar: ScalarNode) => T | undefined;
  /** What may have been meant by a refused text. */
  readonly hint?: (text: string) => string | undefined;
}

/** The value of `node` by `rule`, or undefined after a problem was added. */
export function readScalar<T>(
  rule: ScalarRule<T>,
  node: ConfigNode,
  path: string,
  problems: ProblemList,
): T | undefined {
  const value = node.kind === "scalar" && !node.empty ? rule.parse(node) : undefined;
  if (value !== undefined || node.kind === "broken") return value;
  const hint = node.kind === "scalar" ? rule.hint?.(node.text) : undefined;
  const tail = hint === undefined ? "" : `; ${hint}`;
  problems.add(
    node.at,
    path,
    `must be ${rule.allowed}: current value is ${describeNode(node)}${tail}`,
  );
  return undefined;
}

/** An attribute that may be left out. */
export function optional<T>(rule: ScalarRule<NonNullable<T>>, fallback: T): Attribute<T> {
  const { allowed } = rule;
  return {
    fallback,
    allowed,
    read: (node, path, problems) => readScalar(rule, node, path, problems),
  };
}

/** An attribute that has to be there. */
export function required<T>(rule: ScalarRule<NonNullable<T>>, fallback: T): Attribute<T> {
  return { ...optional(rule, fallback), required: true };
}

/** Reads the object `node` by `table`. */
export function readObject<T>(
  table: AttributeTable<T>,
  node: ConfigNode,
  path: string,
  problems: ProblemList,
): ReadObject<T> {
  const keys = Object.keys(table) as (keyof T & string)[];
  const values = Object.fromEntries(keys.map((key) => [key, table[key].fallback])) as T;
  const at = new Map<keyof T, Position>();
  const given = new Set<keyof T>();
  if (node.kind === "broken") return { values, at, given };
  if (node.kind !== "map" && !isEmpty(node)) {
    const what = `must be a map with keys of ${common(table).join(", ")}`;
    problems.add(node.at, path, `${what}: current value is ${describeKind(node)}`);
    return { values, at, given };
  }
  const entries = node.kind === "map" ? node.entries : [];
  for (const entry of entries) {
    const key = keys.find((known) => known === entry.key);
    if (key === undefined) {
      const word = firstWord(entry.key);
      problems.add(entry.keyAt, joinPath(path, word), unknownKey(word, keys, common(table)));
      continue;
    }
    const keyPath = joinPath(path, key);
    given.add(key);
    const value = table[key].read(entry.value, keyPath, problems);
    if (value === undefined) continue;
    values[key] = value;
    at.set(key, entry.value.at);
  }
  for (const key of keys) {
    if (!table[key].required || given.has(key)) continue;
    problems.add(node.at, joinPath(path, key), "is missing");
  }
  return { values, at, given };
}

/** What of an unknown key is shown: in a damaged file a value can stand behind it, and be a secret. */
function firstWord(key: string): string {
  return /[^\s:]+/.exec(key)?.[0] ?? "";
}

/** The keys that are named where keys are listed. */
export function common<T>(table: AttributeTable<T>): string[] {
  const keys = Object.keys(table) as (keyof T & string)[];
  return keys.filter((key) => table[key].isUncommon !== true);
}

function unknownKey(key: string, keys: readonly string[], named: readonly string[]): string {
  const near = nearestWord(key, keys);
  const meant = near === undefined ? "" : `did you mean ${near}? `;
  return `is not a known key: ${meant}allowed are ${named.join(", ")}`;
}
