/** How the texts that are written to attributes become values. */
import type { ScalarRule } from "../config/attribute.ts";
import { quote } from "../config/problem.ts";
import { TreeError } from "./tree.ts";

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

/** 0 or 1, the only way to write a switch of the tree. */
export const SWITCH: ScalarRule<boolean> = {
  allowed: "0 or 1",
  parse: ({ text }) => text === "0" ? false : text === "1" ? true : undefined,
};

/** Any number, of which all but 0 are 1. */
export const ANY_SWITCH: ScalarRule<boolean> = {
  allowed: "a number; all but 0 mean 1",
  parse: ({ text }) => {
    const number = cNumber(text);
    return number === undefined ? undefined : number !== 0;
  },
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
