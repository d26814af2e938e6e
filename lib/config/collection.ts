/** Maps of the configuration whose keys are names that the user gives. */
import type { Attribute } from "./attribute.ts";
import { type ConfigNode, describeKind, isEmpty } from "./node.ts";
import { joinPath, type Position, type ProblemList } from "./problem.ts";

/** One entry of such a map; its value can be empty. */
export interface NamedNode {
  readonly key: string;
  readonly keyAt: Position;
  readonly path: string;
  readonly node: ConfigNode;
}

/** The rule for the keys of a map of objects. */
export interface KeyRule {
  /** Completes "must be ...". */
  readonly allowed: string;
  readonly accepts: (key: string) => boolean;
  /** What may have been meant by a refused key. */
  readonly hint?: (key: string) => string | undefined;
}

/** An attribute that is a map from names to objects, each of which `readItem` reads. */
export function collection<T>(
  rule: KeyRule,
  readItem: (named: NamedNode, problems: ProblemList) => T | undefined,
): Attribute<readonly T[]> {
  const read = (node: ConfigNode, path: string, problems: ProblemList): T[] | undefined => {
    if (isEmpty(node) || node.kind === "broken") return [];
    if (node.kind !== "map") {
      problems.add(node.at, path, `must be a map: current value is ${describeKind(node)}`);
      return undefined;
    }
    const items: T[] = [];
    for (const entry of node.entries) {
      const keyPath = joinPath(path, entry.key);
      if (!rule.accepts(entry.key)) {
        const hint = rule.hint?.(entry.key);
        const tail = hint === undefined ? "" : `; ${hint}`;
        problems.add(entry.keyAt, keyPath, `has a wrong key: it must be ${rule.allowed}${tail}`);
      }
      const named = { key: entry.key, keyAt: entry.keyAt, path: keyPath, node: entry.value };
      const item = readItem(named, problems);
      if (item !== undefined) items.push(item);
    }
    return items;
  };
  return { fallback: [], read };
}
