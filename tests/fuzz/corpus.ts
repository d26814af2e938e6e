/**
 * The corpus in tests/corpus: what initiators send, and what nobody should.
 *
 *     # a remark
 *     [the name of a case]
 *     > ScsiCommand I flags=F+W+1 itt=7 cdb=2a00...     a PDU: opcode (or a number, or raw), I, fields
 *       Key=Value                                       its data: text that ends with a NUL,
 *       "text\0\xff"                                    text as it stands,
 *       hex 00ff 5c57                                   bytes,
 *       fill 512 5a                                     many of one byte,
 *       repeat 20 "X-{n}=1\0"                           or many of one text;
 *       x70                                             and all of that so often.
 *
 * Fields have the names of fields.ts, and `dataSegmentLength`, `totalAhsLength` (lies) and `ahs`. Flags
 * are words and numbers with `+` between them: T or F, C, R, W, and `1>3` for the stages of a login. A
 * number may be `next` (CmdSN), `last` (the tag used last), `given` (the TTT given last), or `next+2`.
 * Where nothing is said the flags are F and tags and numbers are those that are right.
 */
import { hexBytes } from "../harness/hex.ts";
import { Opcode } from "../initiator/pdu.ts";
import { fieldsOf, type HeaderField } from "./fields.ts";
import type { FieldValue, Recipe, Relative } from "./recipe.ts";

export interface Case {
  /** File and name. */
  readonly name: string;
  readonly recipes: readonly Recipe[];
}

/** The corpus by the phases that its cases are for. */
export interface Corpus {
  /** Cases that begin with the first byte of a connection. */
  readonly logins: readonly Case[];
  /** Cases for a session that is there. */
  readonly sessions: readonly Case[];
}

const LOGIN_FILES = ["initiators", "chap", "discovery", "hostile_logins"];
const SESSION_FILES = ["full_feature", "hostile_pdus"];
const DIR = new URL("../corpus/", import.meta.url);

const FLAGS: Readonly<Record<string, number>> = { F: 0x80, T: 0x80, C: 0x40, R: 0x40, W: 0x20 };

/** Reads the whole corpus; a line that means nothing is an error. */
export function readCorpus(): Corpus {
  const read = (name: string) =>
    parseCases(name, Deno.readTextFileSync(new URL(`${name}.txt`, DIR)));
  return { logins: LOGIN_FILES.flatMap(read), sessions: SESSION_FILES.flatMap(read) };
}

/**
 * Reads the cases of a file.
 *
 * @throws SyntaxError with file and line
 */
export function parseCases(file: string, text: string): Case[] {
  const cases: { name: string; recipes: Recipe[] }[] = [];
  for (const [index, line] of text.split("\n").entries()) {
    try {
      parseLine(file, line, cases);
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new SyntaxError(`${file}.txt:${index + 1}: ${why}`, { cause });
    }
  }
  const empty = cases.find(({ recipes }) => recipes.length === 0);
  if (empty !== undefined) throw new SyntaxError(`${empty.name}: the case has no PDU`);
  return cases;
}

function parseLine(
  file: string,
  line: string,
  cases: { name: string; recipes: Recipe[] }[],
): void {
  const words = line.trim();
  if (words === "" || line.startsWith("#")) return;
  const name = /^\[(.+)\]$/.exec(line)?.[1];
  if (name !== undefined) return void cases.push({ name: `${file}/${name}`, recipes: [] });
  const recipes = cases.at(-1)?.recipes;
  if (recipes === undefined) throw new SyntaxError("a PDU outside of a case");
  if (line.startsWith("> ")) return void recipes.push(parsePdu(words.slice(2).split(/\s+/)));
  const times = /^x(\d+)$/.exec(words)?.[1];
  const last = recipes.pop();
  if (last === undefined || !line.startsWith("  ")) throw new SyntaxError(`"${line}" is no PDU`);
  if (times !== undefined) return void recipes.push(...Array(numberOf(times)).fill(last));
  recipes.push({ ...last, data: last.data + parseData(words) });
}

function parsePdu([name = "", ...words]: readonly string[]): Recipe {
  const opcode = name === "raw" ? undefined : opcodeOf(name);
  const fields: FieldValue[] = [];
  const lengths: { dataSegmentLength?: number; totalAhsLength?: number } = {};
  let ahs = new Uint8Array();
  const immediate = words[0] === "I";
  for (const word of immediate ? words.slice(1) : words) {
    const [key = "", value = ""] = word.split("=");
    if (key === "ahs") ahs = hexBytes(value);
    else if (key === "dataSegmentLength" || key === "totalAhsLength") lengths[key] = Number(value);
    else fields.push(fieldOf(opcode ?? 0, key, value));
  }
  return { opcode, immediate, fields, ahs, lengths, data: "" };
}

function opcodeOf(name: string): number {
  const opcode = Object.entries(Opcode).find(([known]) => known === name)?.[1] ?? Number(name);
  if (!(opcode >= 0 && opcode < 0x100)) throw new SyntaxError(`"${name}" is no opcode`);
  return opcode;
}

function fieldOf(opcode: number, key: string, value: string): FieldValue {
  const field = fieldsOf(opcode).find(({ name }) => name === key);
  if (field === undefined) throw new SyntaxError(`"${key}" is no field of this PDU`);
  const { offset, size } = field;
  if (size > 4) return { offset, size, value: bytesFor(field, value) };
  if (key === "flags") return { offset, size, value: flagsOf(value) };
  const relative = /^(next|last|given)(?:([+-])(\w+))?$/.exec(value);
  if (relative === null) return { offset, size, value: numberOf(value) };
  const plus = numberOf(relative[3] ?? "0") * (relative[2] === "-" ? -1 : 1);
  return { offset, size, value: { base: relative[1] as Relative["base"], plus } };
}

function bytesFor({ name, size }: HeaderField, digits: string): Uint8Array<ArrayBuffer> {
  const isRight = /^(?:[0-9a-f]{2})+$/.test(digits) && digits.length <= 2 * size;
  if (!isRight) throw new SyntaxError(`"${digits}" is not up to ${size} bytes for ${name}`);
  return hexBytes(digits);
}

function flagsOf(text: string): number {
  return text.split("+").reduce((flags, word) => {
    const stages = /^([0-3])>([0-3])$/.exec(word);
    const value = stages === null
      ? FLAGS[word] ?? numberOf(word)
      : Number(stages[1]) << 2 | Number(stages[2]);
    return flags | value;
  }, 0);
}

function numberOf(text: string): number {
  const number = Number(text);
  if (text === "" || !Number.isInteger(number)) throw new SyntaxError(`"${text}" is no number`);
  return number;
}

function parseData(text: string): string {
  const [word = "", count = "", ...rest] = text.split(" ");
  switch (word) {
    case "hex":
      return String.fromCharCode(...hexBytes(text.slice(4)));
    case "fill":
      return String.fromCharCode(parseInt(rest[0]!, 16)).repeat(numberOf(count));
    case "repeat": {
      const one = unescape(rest.join(" "));
      return Array.from({ length: numberOf(count) }, (_, n) => one.replaceAll("{n}", String(n)))
        .join("");
    }
  }
  return text.startsWith('"') ? unescape(text) : `${text}\0`;
}

const ESCAPES: Readonly<Record<string, string>> = { n: "\n", r: "\r", "0": "\0" };

function unescape(text: string): string {
  const inner = /^"(.*)"$/.exec(text)?.[1];
  if (inner === undefined) throw new SyntaxError(`${text} has no quotes`);
  return inner.replaceAll(
    /\\(?:x([0-9a-f]{2})|(.))/g,
    (_, hex, plain) =>
      hex === undefined ? ESCAPES[plain] ?? plain : String.fromCharCode(parseInt(hex, 16)),
  );
}
