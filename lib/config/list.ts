/** Lists of the configuration whose items are scalars of one kind. */
import { type Attribute, readScalar, type ScalarRule } from "./attribute.ts";
import { describeNode, isEmpty } from "./node.ts";
import { quote } from "./problem.ts";

/**
 * An attribute that is a list of at most `most` items, each by `rule`; empty if it is not there.
 * `identity` tells which items are the same, where none may be there twice.
 */
export function list<T>(
  rule: ScalarRule<T>,
  most: number,
  identity?: (item: T) => string,
): Attribute<readonly T[]> {
  return {
    fallback: [],
    allowed: `a list, each item ${rule.allowed}`,
    read: (node, path, problems) => {
      if (isEmpty(node)) return [];
      if (node.kind === "broken") return undefined;
      if (node.kind !== "list") {
        const what = `must be a list, each item ${rule.allowed}`;
        problems.add(node.at, path, `${what}: current value is ${describeNode(node)}`);
        return undefined;
      }
      if (node.items.length > most) {
        const what = `must have at most ${most} items: it has ${node.items.length}`;
        problems.add(node.at, path, what);
        return undefined;
      }
      const lines = new Map<string, number>();
      const taken: T[] = [];
      for (const [index, item] of node.items.entries()) {
        const value = readScalar(rule, item, `${path}[${index}]`, problems);
        if (value === undefined) continue;
        taken.push(value);
        const id = identity?.(value);
        const line = id === undefined ? undefined : lines.get(id);
        if (line !== undefined) {
          const what = `must not be given twice: ${quote(id!)} is also in line ${line}`;
          problems.add(item.at, `${path}[${index}]`, what);
        } else if (id !== undefined) lines.set(id, item.at.line);
      }
      return taken;
    },
  };
}
