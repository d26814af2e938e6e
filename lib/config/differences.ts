/** Where two models differ, value by value. */
import { isDeepStrictEqual } from "node:util";
import { joinPath } from "./problem.ts";

/** One value that differs. */
export interface Difference {
  /** The way to it: keys of the model, and the names of items in lists. */
  readonly path: readonly string[];
  /** The same way by the keys of the configuration. */
  readonly text: string;
  /** undefined when it was not there. */
  readonly before: unknown;
  /** undefined when it is not there any more. */
  readonly after: unknown;
}

/** What tells the items of a list apart; a list whose items have none of it is one value. */
const ITEM_KEYS = ["name", "lun"];

/** Lists whose order counts. */
const ORDERED_KEYS = ["groups"];

/** Keys of the model that are called otherwise in the configuration; an empty name is no step there. */
const CONFIGURATION_KEYS: Readonly<Record<string, string>> = {
  driver: "iscsi",
  ids: "",
  attributes: "",
  groups: "ini_groups",
  allowedPortals: "allowed_portal",
  internalPortals: "internal_portal",
};

/** Keys that are written as RFC 7143 and SCST's daemon write theirs. */
const CAPITAL_KEYS = [
  "MaxSessions",
  "QueuedCommands",
  "RspTimeout",
  "NopInInterval",
  "NopInTimeout",
  "InitialR2T",
  "ImmediateData",
  "MaxRecvDataSegmentLength",
  "MaxXmitDataSegmentLength",
  "MaxBurstLength",
  "FirstBurstLength",
  "MaxOutstandingR2T",
  "HeaderDigest",
  "DataDigest",
  "iSNSServer",
];

/** The differences between two models, in the order of their keys. */
export function differencesOf(before: object, after: object): Difference[] {
  return compare(before, after, [], "");
}

function compare(
  before: unknown,
  after: unknown,
  path: readonly string[],
  text: string,
): Difference[] {
  const [one, other] = [partsOf(before), partsOf(after)];
  if (one === undefined || other === undefined) {
    return isDeepStrictEqual(before, after) ? [] : [{ path, text, before, after }];
  }
  const keys = [...new Set([...one.keys(), ...other.keys()])];
  if (ORDERED_KEYS.includes(path.at(-1) ?? "") && !isInOrder([...one.keys()], [...other.keys()])) {
    return [{ path, text, before, after }];
  }
  return keys.flatMap((key) => {
    const name = Array.isArray(before) ? key : configurationKey(key);
    const below = name === "" ? text : joinPath(text, name);
    return compare(one.get(key), other.get(key), [...path, key], below);
  });
}

/** Whether the keys that both have come in the same order. */
function isInOrder(one: readonly string[], other: readonly string[]): boolean {
  return isDeepStrictEqual(
    one.filter((key) => other.includes(key)),
    other.filter((key) => one.includes(key)),
  );
}

/** `readOnly` is `read_only` in the configuration, and `maxSessions` is `MaxSessions`. */
function configurationKey(key: string): string {
  const capital = CAPITAL_KEYS.find((name) => name.toLowerCase() === key.toLowerCase());
  return capital ?? CONFIGURATION_KEYS[key] ??
    key.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** `model` with one value as it is after a difference. */
export function withDifference<T extends object>(model: T, { path, after }: Difference): T {
  return replace(model, path, after) as T;
}

function replace(value: unknown, [key, ...rest]: readonly string[], after: unknown): unknown {
  if (key === undefined) return after;
  if (Array.isArray(value)) {
    const itemKey = itemKeyOf(value)!;
    return value.map((item) => String(item[itemKey]) === key ? replace(item, rest, after) : item);
  }
  const record: Record<string, unknown> = { ...(isRecord(value) ? value : {}) };
  record[key] = replace(record[key], rest, after);
  if (record[key] === undefined) delete record[key];
  return record;
}

/** The parts of a value by their keys; undefined for what is compared as a whole. */
function partsOf(value: unknown): Map<string, unknown> | undefined {
  if (!Array.isArray(value)) return isRecord(value) ? new Map(Object.entries(value)) : undefined;
  const key = itemKeyOf(value);
  return key === undefined ? undefined : new Map(value.map((item) => [String(item[key]), item]));
}

function itemKeyOf(list: readonly unknown[]): string | undefined {
  return ITEM_KEYS.find((key) => list.every((item) => isRecord(item) && key in item));
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return value?.constructor === Object;
}
