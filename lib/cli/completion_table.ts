/** What can stand where on the command line, as the scripts for the shells need it. */
import type { AnyVerb, Completion, Verb } from "./verb.ts";

export interface CompletionWord {
  readonly text: string;
  readonly description: string;
}

/** One verb, or one that has actions, by the words that lead to it; "" is the program itself. */
export interface CompletionRow {
  readonly words: readonly string[];
  /** What may follow: verbs or actions; empty where there are arguments. */
  readonly actions: readonly CompletionWord[];
  /** With their dashes. */
  readonly options: readonly CompletionWord[];
  /** What each argument is; undefined where nothing can be offered. */
  readonly arguments: readonly (Completion | undefined)[];
}

export interface CompletionTable {
  readonly rows: readonly CompletionRow[];
  /** The options that have a value, and what it is; those of one name are the same for all verbs. */
  readonly values: ReadonlyMap<string, Completion | undefined>;
}

const HELP: readonly CompletionWord[] = [
  { text: "-h", description: "print help" },
  { text: "--help", description: "print help" },
];

/** The table for the verbs of the program. */
export function completionTable(verbs: readonly AnyVerb[]): CompletionTable {
  const names = verbs.map(named);
  const help = { text: "help", description: "print help, with examples, for a verb" };
  const version = ["-V", "--version"].map((text) => ({ text, description: "print the version" }));
  const own: CompletionRow[] = [
    { words: [], actions: [...names, help], options: [...HELP, ...version], arguments: [] },
    { words: ["help"], actions: [], options: [], arguments: [verbs.map(({ name }) => name)] },
  ];
  const values = new Map<string, Completion | undefined>();
  const plain = verbs.flatMap((one): readonly Verb[] =>
    "actions" in one ? one.actions : "runWords" in one ? [] : [one]
  );
  for (const verb of plain) {
    for (const { name, value, completion } of verb.options) {
      if (value !== undefined) values.set(`--${name}`, completion);
    }
  }
  return { rows: [...own, ...verbs.flatMap((verb) => rowsOf([], verb))], values };
}

function rowsOf(before: readonly string[], verb: AnyVerb): CompletionRow[] {
  const words = [...before, verb.name];
  if ("runWords" in verb) return [{ words, actions: [], options: verb.words, arguments: [] }];
  if ("actions" in verb) {
    const own = { words, actions: verb.actions.map(named), options: HELP, arguments: [] };
    return [own, ...verb.actions.flatMap((action) => rowsOf(words, action))];
  }
  const options = verb.options.flatMap(({ name, short, description }) =>
    [`--${name}`, ...(short === undefined ? [] : [`-${short}`])]
      .map((text) => ({ text, description }))
  );
  return [{
    words,
    actions: [],
    options: [...options, ...HELP],
    arguments: verb.arguments.map(({ completion }) => completion),
  }];
}

function named({ name, summary }: AnyVerb): CompletionWord {
  return { text: name, description: summary };
}

/** The options with a value as alternatives of a shell's `case`. */
export function valuedOptions({ values }: CompletionTable, separator: string): string {
  return [...values.keys()].join(separator);
}
