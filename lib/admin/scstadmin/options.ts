/**
 * The command line of scstadmin: options with one dash or two, whatever their case and cut short where
 * that is clear, with their values behind them or behind a "=".
 */
import { nearestWord } from "../../config/nearest.ts";
import { oneOf } from "../../config/problem.ts";
import { CONFIG_OPERATIONS } from "./config_operations.ts";
import { OBJECT_OPERATIONS } from "./object_operations.ts";
import { type Companion, COMPANIONS, type Input, type Operation } from "./operation.ts";
import { QUERIES } from "./query_operations.ts";
import type { Flags } from "./session.ts";
import { ATTRIBUTE_OPERATIONS } from "./set_operations.ts";
import type { Values } from "./wanted.ts";

/** Everything that can be asked for, in the order of the help. */
export const OPERATIONS: readonly Operation[] = [
  ...CONFIG_OPERATIONS,
  ...QUERIES,
  ...ATTRIBUTE_OPERATIONS,
  ...OBJECT_OPERATIONS,
];

/** Options that say how something is done. */
export const SWITCHES = {
  force: "remove as well, and do what would disturb initiators",
  noprompt: "do not ask",
  cont_on_err: "go on after an error",
  nonkey: "show and write attributes that have their defaults as well",
  debug: "show what would be written to the management tree, and write nothing",
  lip: "taken for the sake of scripts: there is no Fibre Channel here",
  no_lip: "taken for the sake of scripts: there is no Fibre Channel here",
  dumpAttrs: "print the whole management tree",
  help: "print this help",
  h: "print this help",
} as const;
export type Switch = keyof typeof SWITCHES;

/** An operation with what was given to it. */
export interface Request {
  readonly operation: Operation;
  readonly input: Input;
}

export interface CommandLine {
  readonly switches: ReadonlySet<Switch>;
  readonly requests: readonly Request[];
}

/** The command line is wrong; the message is one sentence without a period. */
export class OptionError extends Error {
  override readonly name = "OptionError";
}

interface OptionRow {
  readonly name: string;
  /** Whether a value may and must follow. */
  readonly takes: "nothing" | "perhaps" | "value";
}

const ROWS: readonly OptionRow[] = [
  ...OPERATIONS.map(({ option, value }): OptionRow => ({
    name: option,
    takes: value === undefined ? "nothing" : value.startsWith("[") ? "perhaps" : "value",
  })),
  ...Object.keys(COMPANIONS).map((name): OptionRow => ({ name, takes: "value" })),
  ...Object.keys(SWITCHES).map((name): OptionRow => ({ name, takes: "nothing" })),
];

/** What `args` ask for. Throws OptionError. */
export function parseOptions(args: readonly string[]): CommandLine {
  const given = givenOptions(args);
  const switches = new Set<Switch>();
  for (const name of given.keys()) if (Object.hasOwn(SWITCHES, name)) switches.add(name as Switch);
  const get = (companion: Companion) => given.get(companion) ?? "";
  const attributes = parseAttributes(get("attributes"));
  const requests = OPERATIONS.filter(({ option }) => given.has(option)).map((operation) => ({
    operation,
    input: { value: given.get(operation.option)!, get, attributes },
  }));
  if (switches.has("help") || switches.has("h")) return { switches, requests };
  checkRequests(requests, switches);
  return { switches, requests };
}

/** How a session of this command line behaves. */
export function flagsOf(switches: ReadonlySet<Switch>): Flags {
  return {
    force: switches.has("force"),
    noPrompt: switches.has("noprompt"),
    continueOnError: switches.has("cont_on_err"),
    nonKey: switches.has("nonkey"),
  };
}

/** The value of each option that was given, empty where it has none. */
function givenOptions(args: readonly string[]): Map<string, string> {
  const given = new Map<string, string>();
  for (let index = 0; index < args.length; index++) {
    const [, text, joined] = /^--?([A-Za-z_]+)(?:=([\s\S]*))?$/.exec(args[index]!) ?? [];
    if (text === undefined) throw new OptionError(`'${args[index]}' belongs to no option`);
    const { name, takes } = optionOf(text);
    const next = args[index + 1];
    let value = joined;
    if (takes === "nothing") {
      if (joined !== undefined) throw new OptionError(`-${name} takes no value`);
    } else if (value === undefined && next !== undefined && !isOption(next)) {
      value = next;
      index++;
    }
    if (takes === "value" && !value) throw new OptionError(`-${name} needs a value`);
    given.set(name, value ?? "");
  }
  return given;
}

/** Names may begin with a dash, patterns with a "!"; what reads as an option is one. */
function isOption(text: string): boolean {
  const [, name] = /^--?([A-Za-z_]+)(?:=[\s\S]*)?$/.exec(text) ?? [];
  return name !== undefined && matches(name).length > 0;
}

function matches(text: string): OptionRow[] {
  const wanted = text.toLowerCase();
  const exact = ROWS.filter(({ name }) => name.toLowerCase() === wanted);
  return exact.length > 0
    ? exact
    : ROWS.filter(({ name }) => name.toLowerCase().startsWith(wanted));
}

function optionOf(text: string): OptionRow {
  const found = matches(text);
  if (found.length === 1) return found[0]!;
  if (found.length > 1) {
    const names = oneOf(found.slice(0, 5).map(({ name }) => `-${name}`));
    throw new OptionError(`-${text} may be ${names}${found.length > 5 ? " and others" : ""}`);
  }
  const near = nearestWord(text, ROWS.map(({ name }) => name));
  const hint = near === undefined ? "" : `: -${near} is alike`;
  throw new OptionError(`There is no option -${text}${hint}`);
}

function checkRequests(requests: readonly Request[], switches: ReadonlySet<Switch>): void {
  if (requests.length === 0 && !switches.has("dumpAttrs")) {
    throw new OptionError("No valid operations specified: there is help with -h");
  }
  const changing = requests.filter(({ operation }) => !operation.isQuery);
  if (changing.length > 0 && requests.length > 1) {
    const names = requests.map(({ operation }) => `-${operation.option}`).join(", ");
    throw new OptionError(`Only queries can be combined, and here are ${names}`);
  }
  for (const { operation: { option, needs = [] }, input } of requests) {
    const missing = needs.filter((name) => input.get(name) === "");
    if (missing.length > 0) {
      throw new OptionError(
        `-${option} needs ${needs.map((name) => `-${name}`).join(", ")} as well`,
      );
    }
    if (option === "clear_config" && !switches.has("force")) {
      throw new OptionError("-clear_config needs -force as well");
    }
    checkNames(input, option);
  }
}

/** Names become names of directories. */
function checkNames({ value, get }: Input, option: string): void {
  const isFile = option.endsWith("config");
  const names = Object.keys(COMPANIONS).filter((name) => name !== "attributes") as Companion[];
  for (const text of [...isFile ? [] : [value], ...names.map(get)]) {
    if (!/[/\s]/.test(text) && text !== "." && text !== "..") continue;
    throw new OptionError(`A name has no "/" and no blanks: '${text}' has`);
  }
}

/** `a=v,b=w`: without "=" the value is 1, and a comma in a value stands behind a backslash. */
export function parseAttributes(text: string): Values {
  const values: Values = new Map();
  if (text === "") return values;
  for (const item of text.match(/(?:\\,|[^,])+/g) ?? []) {
    const plain = item.replaceAll("\\,", ",");
    const equals = plain.indexOf("=");
    const name = equals < 0 ? plain : plain.slice(0, equals);
    if (!/^\w+$/.test(name)) {
      throw new OptionError(`-attributes is NAME=VALUE,NAME=VALUE: '${plain}' is not of that kind`);
    }
    values.set(name, [...values.get(name) ?? [], equals < 0 ? "1" : plain.slice(equals + 1)]);
  }
  return values;
}
