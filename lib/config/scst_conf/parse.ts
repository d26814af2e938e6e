/**
 * Reads scst.conf. The grammar is scstadmin's, but what that accepts and loses is a problem here: a
 * "{" in a line of its own, several things in one line, a block that is not closed, words too many,
 * and a section that is there twice (of which scstadmin takes the last).
 */
import { nearestWord } from "../nearest.ts";
import { oneOf, type Position, type ProblemList, quote } from "../problem.ts";
import { FILE, PARENTS, type SectionRule } from "./grammar.ts";
import { type ConfAttribute, type ConfSection, titleOf } from "./section.ts";
import { type Brace, isBrace, type Word, wordsOfLine } from "./words.ts";

/** The headings of the files of SCST 1, which scstadmin converts. */
const OLD_HEADING = /^\s*\[(?:HANDLER|GROUP|ASSIGNMENT|TARGETS|OPTIONS)\b[^\]]*\]/;

/** A section while it is read. */
interface Draft extends ConfSection {
  readonly attributes: ConfAttribute[];
  readonly sections: Draft[];
  /** undefined where the section may not stand: what is in it is then not looked at. */
  readonly rule: SectionRule | undefined;
  /** Its sections by keyword and first name. */
  readonly named: Map<string, Draft>;
}

/** The tree of `text`; what is wrong with it is added to `problems`, and is not in the tree. */
export function parseScstConf(text: string, problems: ProblemList): ConfSection {
  const reader = new Reader(problems);
  const lines = text.split("\n");
  for (const [index, line] of lines.entries()) {
    const at = { line: index + 1, column: 1 };
    if (OLD_HEADING.test(line)) {
      const what =
        `is in the format of SCST 1, which is not taken: have a scstadmin of SCST 2 or 3 ` +
        `convert it with -config and -write_config`;
      problems.add(at, "The file", what);
      return reader.file;
    }
    const words = wordsOfLine(line, at.line, problems);
    if (words !== undefined) reader.take(words, at.line);
    else if (/\{\s*$/.test(line)) reader.skipBlock(at);
  }
  reader.end();
  return reader.file;
}

class Reader {
  readonly file = draft("", [], { line: 1, column: 1 }, FILE);
  readonly #problems: ProblemList;
  /** The sections that are open, innermost last. */
  readonly #open: Draft[] = [this.file];
  /** The section that the line before named without opening it. */
  #named: Draft | undefined;

  constructor(problems: ProblemList) {
    this.#problems = problems;
  }

  take(line: readonly (Word | Brace)[], number: number): void {
    const first = line[0];
    if (first === undefined) return;
    const words: Word[] = [];
    for (const [index, word] of line.entries()) {
      if (!isBrace(word)) {
        words.push(word);
        continue;
      }
      const at = { line: number, column: word.column };
      if (word.brace === "{") {
        this.#begin(words.splice(0), at, index < line.length - 1);
      } else {
        if (line.length > 1) {
          this.#add(at, "This line", 'has more than "}": that stands in a line of its own');
        }
        this.#statement(words.splice(0), number);
        this.#close(at);
      }
    }
    this.#statement(words, number);
  }

  /** Opens a block whose name could not be read. */
  skipBlock(at: Position): void {
    this.#open.push(draft("This block", [], at, undefined));
    this.#named = undefined;
  }

  end(): void {
    for (const section of this.#open.slice(1)) {
      this.#add(section.at, titleOf(section), 'is not closed: a "}" is missing');
    }
  }

  get #section(): Draft {
    return this.#open.at(-1)!;
  }

  #add(at: Position, path: string, what: string): void {
    this.#problems.add(at, path, what);
  }

  /** A "{" that is in order ends its line. */
  #begin(words: readonly Word[], at: Position, goesOn: boolean): void {
    if (words.length === 0) {
      const what = 'begins with "{": that stands at the end of the line before, behind the name';
      this.#add(at, "This line", what);
      this.#open.push(this.#named ?? draft("This block", [], at, undefined));
      this.#named = undefined;
      return;
    }
    if (goesOn) {
      const what = 'goes on behind "{": what is in a block stands in lines of its own';
      this.#add({ ...at, column: at.column + 1 }, "This line", what);
    }
    const [keyword] = words as [Word];
    const rule = this.#ruleOf(keyword.text);
    const place = { line: at.line, column: keyword.column };
    if (rule === undefined) this.#addMisplaced(keyword.text, place);
    else if (rule.isFlag) this.#add(place, keyword.text, "has no block");
    this.#open.push(this.#addSection(words, place, rule));
    this.#named = undefined;
  }

  #close(at: Position): void {
    this.#named = undefined;
    if (this.#open.length > 1) this.#open.pop();
    else this.#add(at, "This line", 'has a "}" that closes nothing');
  }

  #ruleOf(keyword: string): SectionRule | undefined {
    const sections = this.#section.rule?.sections ?? {};
    return Object.hasOwn(sections, keyword) ? sections[keyword] : undefined;
  }

  /** A line without a block: a section that has none, or an attribute. */
  #statement(words: readonly Word[], line: number): void {
    const [keyword, value] = words;
    if (keyword === undefined) return;
    this.#named = undefined;
    const { rule } = this.#section;
    if (rule === undefined) return;
    const at = { line, column: keyword.column };
    const inner = this.#ruleOf(keyword.text);
    if (inner !== undefined) {
      this.#named = this.#addSection(words, at, inner);
    } else if (PARENTS.has(keyword.text)) {
      this.#addMisplaced(keyword.text, at);
    } else if (rule.isBare) {
      this.#add(at, keyword.text, `cannot stand in ${titleOf(this.#section)}, which is only named`);
    } else if (value === undefined) {
      this.#add(at, quote(keyword.text), 'has no value: it is ATTRIBUTE VALUE, or ""');
    } else if (words.length > 2) {
      const joined = words.slice(1).map(({ text }) => text).join(" ");
      const what = "has more than one word behind it: a value with blanks needs quotes, as in";
      this.#add(at, quote(keyword.text), `${what} ${quote(joined)}`);
    } else {
      this.#section.attributes.push({ name: keyword.text, value: value.text, at });
    }
  }

  /** A new section in the one that is open; it is left out of the tree where something is wrong. */
  #addSection(words: readonly Word[], at: Position, rule: SectionRule | undefined): Draft {
    const [keyword, ...names] = words.map(({ text }) => text) as [string, ...string[]];
    const section = draft(keyword, names, at, rule);
    if (rule === undefined) return section;
    if (!this.#hasNames(section, rule)) return section;
    const key = `${keyword} ${names[0]}`;
    const first = this.#section.named.get(key);
    if (first === undefined) {
      this.#section.named.set(key, section);
      this.#section.sections.push(section);
    } else {
      const title = keyword === "LUN" ? key : titleOf(section);
      this.#add(at, title, `is given twice: first in line ${first.at.line}`);
    }
    return section;
  }

  #hasNames({ keyword, names, at }: Draft, rule: SectionRule): boolean {
    const form = [keyword, ...rule.names].join(" ");
    if (names.length !== rule.names.length || names.includes("")) {
      const count = names.length > rule.names.length ? "too many words" : "too few words";
      this.#add(at, keyword, `has ${count} behind it: it is ${form}`);
      return false;
    }
    if (keyword === "LUN" && !/^\d{1,5}$/.test(names[0]!)) {
      this.#add(at, keyword, `must have a number behind it: current value is ${quote(names[0]!)}`);
      return false;
    }
    return true;
  }

  #addMisplaced(keyword: string, at: Position): void {
    const here = titleOf(this.#section);
    const parents = PARENTS.get(keyword);
    if (this.#section.rule === undefined) return;
    if (parents !== undefined) {
      const places = oneOf([...parents].map((parent) => `a ${parent} section`));
      const place = parents.has("") ? "outside of every section" : `in ${places}`;
      this.#add(at, keyword, `cannot stand in ${here}: it stands ${place}`);
      return;
    }
    const known = Object.keys(this.#section.rule.sections);
    const near = nearestWord(keyword, known.map((word) => word.toLowerCase()))?.toUpperCase();
    const hint = near === undefined ? "" : `; did you mean ${near}?`;
    const allowed = known.length === 0 ? "there are none" : `those are ${oneOf(known)}`;
    this.#add(at, quote(keyword), `is no section of ${here}: ${allowed}${hint}`);
  }
}

function draft(
  keyword: string,
  names: readonly string[],
  at: Position,
  rule: SectionRule | undefined,
): Draft {
  return { keyword, names, at, attributes: [], sections: [], rule, named: new Map() };
}
