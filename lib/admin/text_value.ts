/** How the texts that are written to attributes become values. */
import type { ScalarRule } from "../config/attribute.ts";
import { quote } from "../config/problem.ts";
import { TreeError } from "./tree.ts";

/** What sets an attribute of SCST's daemon to what holds where nothing is said. */
export const DEFAULT = ":default:";

/** A text without the line break, and other white space, that a shell puts behind it. */
export function trimmed(text: string): string {
  return text.trim();
}

/** The value of `text` for the attribute `name`. Throws EINVAL where the rule refuses it. */
export function valueBy<T>(rule: ScalarRule<T>, name: string, text: string): T {
  const scalar = {
    kind: "scalar",
    at: { line: 1, column: 1 },
    text,
    empty: text === "",
    truth: undefined,
  } as const;
  const value = text === "" ? undefined : rule.parse(scalar);
  if (value !== undefined) return value;
  const hint = rule.hint?.(text);
  const tail = hint === undefined ? "" : `; ${hint}`;
  const what = `${name} must be ${rule.allowed}: current value is ${quote(text)}`;
  throw new TreeError("EINVAL", what + tail);
}
