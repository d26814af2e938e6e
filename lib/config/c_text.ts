/** Numbers, switches and texts as the files of the management tree have them, which C reads in SCST. */
import type { ScalarRule } from "./attribute.ts";

/** 0 or 1, the only way to write a switch of the tree. */
export const SWITCH: ScalarRule<boolean> = {
  allowed: "0 or 1",
  parse: ({ text }) => text === "0" ? false : text === "1" ? true : undefined,
};

/** The number that C takes a text for: `0x10` is 16 and so is `020`; undefined if it is none. */
export function cNumber(text: string): number | undefined {
  const match = /^([+-]?)(?:0x([0-9a-f]{1,13})|0([0-7]{0,17})|([1-9]\d{0,15}))$/i.exec(text);
  if (match === null) return undefined;
  const [, sign, hex, octal, decimal] = match;
  const size = hex !== undefined
    ? parseInt(hex, 16)
    : decimal !== undefined
    ? Number(decimal)
    : parseInt(`0${octal}`, 8);
  if (!Number.isSafeInteger(size)) return undefined;
  return sign === "-" ? 0 - size : size;
}

/** A number from `least` to `most` as C writes them. */
export function number(least: number, most: number): ScalarRule<number> {
  const allowed = most === Infinity
    ? `a number of ${least} or more`
    : `a number from ${least} to ${most}`;
  return {
    allowed,
    parse: ({ text }) => {
      const value = cNumber(text);
      return value !== undefined && value >= least && value <= most ? value : undefined;
    },
  };
}

/** A line of at most `most` printable ASCII characters. */
export function line(most: number): ScalarRule<string> {
  return {
    allowed: `a text of at most ${most} printable ASCII characters`,
    parse: ({ text }) => /^[ -~]*$/.test(text) && text.length <= most ? text : undefined,
  };
}

/** One of some words. */
export function word<T extends string>(words: readonly T[]): ScalarRule<T> {
  return {
    allowed: words.join(", "),
    parse: ({ text }) => words.find((known) => known === text),
  };
}
