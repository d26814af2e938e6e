/** Patterns for names and addresses, in which `*`, `?` and `!` are what they are in SCST. */
import type { ScalarRule } from "./attribute.ts";

/** In SCST's tree a pattern is the name of a file, and NAME_MAX is what one may have. */
const MAX_PATTERN = 255;

export const PATTERN: ScalarRule<string> = {
  allowed: `a pattern of 1 to ${MAX_PATTERN} printable ASCII characters without blanks and "/"`,
  parse: ({ text }) =>
    /^[!-~]+$/.test(text) && !text.includes("/") && text.length <= MAX_PATTERN ? text : undefined,
};

/** Equal for patterns that match the same: case does not matter. */
export function patternIdentity(pattern: string): string {
  return pattern.toLowerCase();
}
