/** A configuration as a tree of values that know their place in the file. */
import { type Position, quote } from "./problem.ts";

export interface ScalarNode {
  readonly kind: "scalar";
  readonly at: Position;
  /** As written, without quotes: `0x10` stays `0x10` and a long number loses no digit. */
  readonly text: string;
  /** Whether there is no value, as in `key:` or `key: ~`. */
  readonly empty: boolean;
  /** The value where YAML takes the text for one of its booleans. */
  readonly truth: boolean | undefined;
}

export interface MapEntry {
  readonly key: string;
  readonly keyAt: Position;
  readonly value: ConfigNode;
}

export interface MapNode {
  readonly kind: "map";
  readonly at: Position;
  /** In the order of the file; no key is there twice. */
  readonly entries: readonly MapEntry[];
}

export interface ListNode {
  readonly kind: "list";
  readonly at: Position;
  readonly items: readonly ConfigNode[];
}

/** Stands for what could not be read; the problem is told, and nobody has to tell it again. */
export interface BrokenNode {
  readonly kind: "broken";
  readonly at: Position;
}

export type ConfigNode = ScalarNode | MapNode | ListNode | BrokenNode;

/** How an error names the value of `node`. */
export function describeNode(node: ConfigNode): string {
  if (node.kind !== "scalar") return `a ${node.kind}`;
  return node.empty ? "empty" : quote(node.text);
}

/** What kind of value `node` is, without the value: where a map belongs it may be a secret. */
export function describeKind(node: ConfigNode): string {
  if (node.kind !== "scalar") return `a ${node.kind}`;
  return node.empty ? "empty" : "plain text";
}

/** Whether `node` stands for a value that was left out. */
export function isEmpty(node: ConfigNode): boolean {
  return node.kind === "scalar" && node.empty;
}
