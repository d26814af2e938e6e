/**
 * The words of command texts, as SCST's `mgmt` files take them: they are separated by white space and
 * by "=", and parameters come as items of a name and a value.
 */
import { quote } from "../config/problem.ts";
import { TreeError } from "./tree.ts";

/** The words of a text. */
export function wordsOf(text: string): string[] {
  return text.split(/[\s=]+/).filter((word) => word !== "");
}

/** A command of a `mgmt` file: its first word, in lower case, and the text behind that. */
export interface CommandText {
  readonly word: string;
  readonly rest: string;
}

/** Takes the command word off a text. */
export function commandOf(text: string): CommandText {
  const [word, rest] = splitWord(text);
  return { word: word.toLowerCase(), rest };
}

/** The first word of a text, and what is behind it. */
export function splitWord(text: string): readonly [word: string, rest: string] {
  const match = /^[\s=]*([^\s=]*)[\s=]?([\s\S]*)$/.exec(text)!;
  return [match[1]!, match[2]!];
}

/**
 * The `count` words that a text has to consist of. Throws EINVAL where one is missing or there are
 * more; `form` shows how the command is written.
 */
export function exactWords(text: string, count: number, form: string): string[] {
  const words = wordsOf(text);
  if (words.length === count) return words;
  const what = words.length < count ? "A word is missing" : `${quote(words[count]!)} is too much`;
  throw new TreeError("EINVAL", `${what}: the command is ${form}`);
}

/**
 * The parameters in a text: items separated by ";" or a line break, each a name, in lower case, and a
 * value. As in SCST an empty item ends the list. Throws EINVAL for an item of any other form.
 */
export function parametersOf(text: string): (readonly [name: string, value: string])[] {
  const found: (readonly [string, string])[] = [];
  for (const item of text.split(/[;\n]/)) {
    const [name, value, more] = wordsOf(item);
    if (name === undefined) break;
    if (value === undefined || more !== undefined) {
      const form = "a parameter is NAME=VALUE, without blanks in it, and a semicolon ends it";
      throw new TreeError("EINVAL", `${quote(item.trim())} is no parameter: ${form}`);
    }
    found.push([name.toLowerCase(), value]);
  }
  return found;
}
