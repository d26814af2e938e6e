/** Whole numbers in a range. */
import type { ScalarRule } from "./attribute.ts";

/** A number from `least` to `most`, in decimal digits. */
export function wholeNumber(least: number, most: number): ScalarRule<number> {
  return {
    allowed: `a number from ${least} to ${most}`,
    parse: ({ text }) => {
      const value = /^(?:0|[1-9]\d{0,8})$/.test(text) ? Number(text) : NaN;
      return value >= least && value <= most ? value : undefined;
    },
  };
}
