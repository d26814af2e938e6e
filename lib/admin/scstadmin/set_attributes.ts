/** Brings attributes of an object to the values that are wanted. */
import { TreeError } from "../tree.ts";
import { type Attributes, type AttributeState, readAttributes } from "./attributes.ts";
import type { Command } from "./command.ts";
import type { Code } from "./error_codes.ts";
import type { Session } from "./session.ts";

/** Attributes with several values, which are added and removed by commands. */
export interface DynamicAttributes {
  readonly names: ReadonlySet<string>;
  readonly add: (name: string, value: string) => Command;
  readonly remove: (name: string, value: string) => Command;
}

/** The object whose attributes are set. */
export interface AttributeOwner {
  readonly path: string;
  /** As in "device disk1". */
  readonly title: string;
  /** Whether values are written with a line break behind them. */
  readonly lineBreak: boolean;
  /** Where a value is refused. */
  readonly refused: Code;
  /** Whether that ends everything. */
  readonly isFatal?: boolean;
  readonly dynamic?: DynamicAttributes;
}

/** What is wanted: the values of each attribute. */
export type WantedValues = ReadonlyMap<string, readonly string[]>;

export interface SetOptions {
  /** Whether values that are there already are told of. */
  readonly tells?: boolean;
  /** Whether dynamic values that are not wanted are looked at: they go, or are told of. */
  readonly isComplete?: boolean;
}

/** Sets what differs, and returns how many values were changed. Rejects with Fatal and TreeError. */
export async function setAttributes(
  session: Session,
  owner: AttributeOwner,
  wanted: WantedValues,
  { tells = false, isComplete = false }: SetOptions = {},
): Promise<number> {
  if (wanted.size === 0 && !isComplete) return 0;
  const existing = await readAttributes(session.client, owner.path);
  let changes = 0;
  for (const [name, values] of wanted) {
    for (const value of values) {
      changes += await setValue(session, owner, existing, name, value, tells);
    }
  }
  if (isComplete) changes += await removeValues(session, owner, wanted);
  return changes;
}

async function setValue(
  session: Session,
  owner: AttributeOwner,
  existing: Attributes,
  name: string,
  value: string,
  tells: boolean,
): Promise<number> {
  const state = existing.get(name);
  const isDynamic = owner.dynamic?.names.has(name) === true;
  if (!isDynamic && (state === undefined || state.isStatic)) {
    const why = state === undefined ? "has no attribute" : "does not let anybody set";
    session.warn(`${owner.title} ${why} '${name}', which is ignored.`);
    return 0;
  }
  if (state?.instances.some((instance) => instance.value === value)) {
    if (tells) session.say(`'${name}' is '${shown(name, value)}' already.`);
    return 0;
  }
  if (owner.dynamic === undefined || !isDynamic) {
    return await writeValue(session, owner, state!, name, value);
  }
  // A user whose secret is another one: adding it would be refused, as the name is taken.
  const same = state?.instances.find((one) => firstWord(one.value) === firstWord(value));
  const text = `${name} '${shown(name, value)}'`;
  if (same === undefined) {
    await session.must(`Adding ${text} to ${owner.title}`, owner.dynamic.add(name, value));
  } else {
    const command = writeCommand(owner, same.file, value);
    await session.must(`Changing ${text} of ${owner.title}`, command);
  }
  return 1;
}

async function writeValue(
  session: Session,
  owner: AttributeOwner,
  state: AttributeState,
  name: string,
  value: string,
): Promise<number> {
  const file = state.instances[0]?.file ?? name;
  const before = state.instances[0]?.value;
  const command = writeCommand(owner, file, value);
  const what = name === "enabled"
    ? `${value === "1" ? "Enabling" : "Disabling"} ${owner.title}`
    : `Setting ${name} of ${owner.title} to '${value}'`;
  if (owner.isFatal) await session.must(what, command);
  else if (!await session.should(what, command)) return 0;
  // A value can be written in several ways: the server tells whether it is another one now.
  return before === undefined || await valueIn(session, owner, file) !== before ? 1 : 0;
}

async function valueIn(
  session: Session,
  { path }: AttributeOwner,
  file: string,
): Promise<string | undefined> {
  try {
    const text = await session.client.read(path === "" ? file : `${path}/${file}`);
    return text.split("\n")[0];
  } catch (error) {
    if (error instanceof TreeError) return undefined;
    throw error;
  }
}

function writeCommand(owner: AttributeOwner, file: string, value: string): Command {
  return {
    path: owner.path === "" ? file : `${owner.path}/${file}`,
    // A write of nothing reaches nobody: an empty line is what clears a value.
    text: owner.lineBreak || value === "" ? `${value}\n` : value,
    probes: [],
    otherwise: owner.refused,
  };
}

/** Removes the values of dynamic attributes that are not wanted; without -force it tells of them. */
async function removeValues(
  session: Session,
  owner: AttributeOwner,
  wanted: WantedValues,
): Promise<number> {
  if (owner.dynamic === undefined) return 0;
  let changes = 0;
  const { names, remove } = owner.dynamic;
  for (const { name, instances } of (await readAttributes(session.client, owner.path)).values()) {
    if (!names.has(name)) continue;
    for (const { value } of instances) {
      if (wanted.get(name)?.includes(value)) continue;
      const title = `${name} '${shown(name, value)}' of ${owner.title}`;
      if (session.flags.force) {
        await session.must(`Removing ${title}`, remove(name, value));
        changes++;
      } else {
        session.say(`${title} is not in the configuration. Use -force to remove it.`);
      }
    }
  }
  return changes;
}

/** A value for people to see: nobody needs to see a secret. */
function shown(name: string, value: string): string {
  return /User$/.test(name) ? firstWord(value) : value;
}

function firstWord(value: string): string {
  return value.trim().split(/\s+/)[0] ?? "";
}
