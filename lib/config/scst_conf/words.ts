/**
 * The words of a line of scst.conf. Blanks separate them, quotes keep blanks, a backslash takes the
 * next character as it is, and "#" begins a comment. Where scstadmin would quietly drop or change
 * what is written, there is a problem instead.
 */
import type { ProblemList } from "../problem.ts";

export interface Word {
  readonly text: string;
  /** Counted from 1. */
  readonly column: number;
}

export interface Brace {
  readonly brace: "{" | "}";
  readonly column: number;
}

export function isBrace(word: Word | Brace): word is Brace {
  return "brace" in word;
}

const PATH = "This line";
const BLANK = /[ \t\r\f\v]/;

/** The words of one line; undefined after what is wrong with it was added to `problems`. */
export function wordsOfLine(
  text: string,
  line: number,
  problems: ProblemList,
): (Word | Brace)[] | undefined {
  const words: (Word | Brace)[] = [];
  const refuse = (index: number, what: string): undefined => {
    problems.add({ line, column: index + 1 }, PATH, what);
  };
  let index = 0;
  while (index < text.length) {
    const character = text[index]!;
    if (BLANK.test(character)) {
      index++;
      continue;
    }
    if (character === "#") break;
    if (character === "{" || character === "}") {
      words.push({ brace: character, column: index + 1 });
      index++;
      // A "#" takes the character before it away, as scstadmin reads it: here a brace.
      if (text[index] === "#") {
        return refuse(index, 'has a "#" right behind a brace: a blank has to be between them');
      }
      continue;
    }
    const word = character === '"' ? quotedWord(text, index) : plainWord(text, index);
    if (word.text === undefined) return refuse(word.end, word.problem);
    words.push({ text: word.text, column: index + 1 });
    index = word.end;
  }
  return words;
}

type Found =
  | { readonly text: string; readonly end: number }
  | { readonly text?: undefined; readonly problem: string; readonly end: number };

const COMMENT_IN_WORD =
  'has a "#" in a word, which would begin a comment there: write \\#, or a blank before a comment';
const LAST_BACKSLASH =
  "ends with a backslash: lines cannot be continued, and a backslash is written \\\\";

function plainWord(text: string, begin: number): Found {
  let word = "";
  let index = begin;
  for (; index < text.length && !/[ \t\r\f\v{}]/.test(text[index]!); index++) {
    const fault = faultAt(text, index);
    if (fault !== undefined) return { problem: fault, end: index };
    if (text[index] === "\\") index++;
    word += text[index];
  }
  return { text: word, end: index };
}

function quotedWord(text: string, begin: number): Found {
  let word = "";
  for (let index = begin + 1; index < text.length; index++) {
    if (text[index] === '"') {
      const next = text[index + 1];
      if (next === undefined || /[ \t\r\f\v{}]/.test(next)) return { text: word, end: index + 1 };
      return { problem: "goes on right behind a quote: a blank has to follow it", end: index + 1 };
    }
    const fault = faultAt(text, index);
    if (fault !== undefined) return { problem: fault, end: index };
    if (text[index] === "\\") index++;
    word += text[index];
  }
  return { problem: "has a quote that is not closed", end: begin };
}

function faultAt(text: string, index: number): string | undefined {
  const character = text[index]!;
  if (character === "#") return COMMENT_IN_WORD;
  const meant = character === "\\" ? text.slice(index + 1).replace(/\r$/, "")[0] : character;
  if (meant === undefined) return LAST_BACKSLASH;
  if (/[\t -~]/.test(meant)) return undefined;
  return "has a character that is not printable ASCII: only comments may have others";
}
