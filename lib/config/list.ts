/** Lists of the configuration whose items are scalars of one kind. */
import { type Attribute, readScalar, type ScalarRule } from "./attribute.ts";
import { describeNode, isEmpty } from "./node.ts";

/** An attribute that is a list of at most `most` items, each by `rule`; empty if it is not there. */
export function list<T>(rule: ScalarRule<T>, most: number): Attribute<readonly T[]> {
  return {
    fallback: [],
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
      const items = node.items.map((item, index) =>
        readScalar(rule, item, `${path}[${index}]`, problems)
      );
      return items.filter((item) => item !== undefined);
    },
  };
}
