/** Patterns for names and addresses, in which `*`, `?` and `!` are what they are in SCST. */
import type { ScalarRule } from "./attribute.ts";

/** In SCST's tree a pattern is the name of a file beside `mgmt`, and NAME_MAX is what one may have. */
const MAX_PATTERN = 255;

export const PATTERN: ScalarRule<string> = {
  allowed:
    `a pattern of 1 to ${MAX_PATTERN} printable ASCII characters without blanks, "/" and "=", and not mgmt`,
  parse: ({ text }) => isFileName(text) && text !== "mgmt" ? text : undefined,
};

function isFileName(text: string): boolean {
  return /^[!-.0-<>-~]+$/.test(text) && text.length <= MAX_PATTERN && text !== "." && text !== "..";
}

/** Equal for patterns that match the same: case does not matter. */
export function patternIdentity(pattern: string): string {
  return pattern.toLowerCase();
}
