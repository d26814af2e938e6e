/** Everyday work on the objects of a running server: each action is one or more writes to the tree. */
import type { TreeClient } from "../../admin/tree_client.ts";
import { connectTree } from "../connect_tree.ts";
import { SOCKET_OPTION } from "../control_path.ts";
import { ExitCode, UsageError } from "../failure.ts";
import type { Verb, VerbArgument, VerbInput, VerbOption } from "../verb.ts";

/** Where the targets are in the tree. */
export const TARGETS = "targets/iscsi";

/** Something that is written to one file of the tree. */
export interface Action {
  readonly name: string;
  readonly summary: string;
  readonly arguments: readonly VerbArgument[];
  readonly options?: readonly VerbOption[];
  readonly examples: readonly string[];
  /** What is written, and where; an action may be several writes. */
  readonly writes: (input: Input) => readonly (readonly [path: string, text: string])[];
}

/** The arguments of an action by their names, and its options. */
export interface Input {
  readonly argument: (name: string) => string;
  /** What is given as NAME=VALUE. */
  readonly settings: readonly (readonly [name: string, value: string])[];
  readonly options: ReadonlyMap<string, string>;
}

export const TARGET: VerbArgument = { name: "TARGET", description: "the iSCSI name of a target" };
export const DEVICE: VerbArgument = { name: "DEVICE", description: "the name of a device" };
export const LUN: VerbArgument = { name: "LUN", description: "a number from 0 to 16383" };
export const GROUP: VerbArgument = {
  name: "GROUP",
  description: "the name of a group of initiators",
};
export const PATTERN: VerbArgument = {
  name: "PATTERN",
  description: "initiator names: * is any run of characters, ? is one, a leading ! is all others",
};
export const SETTINGS: VerbArgument = {
  name: "NAME=VALUE",
  description: "attributes",
  isOptional: true,
  isRepeated: true,
};
/** The same where there is nothing to do without one. */
export const CHANGES: VerbArgument = { ...SETTINGS, isOptional: false };
export const GROUP_OPTION: VerbOption = {
  name: "group",
  value: "GROUP",
  description: "in a group of initiators, not in the target's own set",
};

export function targetPath(name: string): string {
  return `${TARGETS}/${pathName(name.toLowerCase())}`;
}

/** A name as one step of a path. Throws UsageError where it would be several. */
export function pathName(name: string): string {
  if (/^[!-.0-~]+$/.test(name) && name !== "." && name !== "..") return name;
  throw new UsageError(
    `A name has printable characters without blanks and "/": it is ${JSON.stringify(name)}`,
  );
}

/** The words of a command; a blank in one of them would make it two. */
export function command(...words: readonly string[]): string {
  for (const word of words) {
    if (/[\s=;]/.test(word)) {
      throw new UsageError(`There must be no blank, "=" or ";" in ${JSON.stringify(word)}`);
    }
  }
  return words.join(" ");
}

export function parameters({ settings }: Input): string {
  return settings.map(([name, value]) => `${command(name)}=${command(value)};`).join("");
}

/** A verb that makes the writes of an action, one after the other. Rejects as the tree does. */
export function verbOf(action: Action): Verb {
  return {
    ...action,
    options: [...action.options ?? [], SOCKET_OPTION],
    run: async (input) => {
      const tree: TreeClient = connectTree(input);
      for (const [path, text] of action.writes(inputOf(action, input))) {
        await tree.write(path, `${text}\n`);
      }
      return ExitCode.OK;
    },
  };
}

function inputOf({ arguments: names }: Action, input: VerbInput): Input {
  const values = new Map(names.map(({ name }, index) => [name, input.arguments[index] ?? ""]));
  const first = names.findIndex(({ isRepeated }) => isRepeated === true);
  const settings = first < 0 ? [] : input.arguments.slice(first).map(parseSetting);
  return { argument: (name) => values.get(name) ?? "", settings, options: input.options };
}

function parseSetting(text: string): readonly [name: string, value: string] {
  const match = /^([^=]+)=([\s\S]*)$/.exec(text);
  if (match !== null) return [match[1]!, match[2]!];
  throw new UsageError(`An attribute is given as NAME=VALUE: it is ${JSON.stringify(text)}`);
}
