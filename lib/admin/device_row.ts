/** An attribute of devices as a row, and the kinds of rows of which there are several. */
import type { ScalarRule } from "../config/attribute.ts";
import { SWITCH } from "../config/c_text.ts";
import { TEXTS } from "../config/device.ts";
import { type DeviceModel, type DeviceTexts, type HandlerName, HANDLERS } from "../scst/model.ts";
import type { DeviceView } from "./engine.ts";
import { digit, valueText } from "./nodes.ts";
import { trimmed, valueBy } from "./text_value.ts";
import { TreeError } from "./tree.ts";

export const ALL: readonly HandlerName[] = HANDLERS;
export const DISKS: readonly HandlerName[] = HANDLERS.filter((handler) => handler !== "vcdrom");
export const FILES: readonly HandlerName[] = ["vdisk_fileio", "vdisk_blockio"];
/** Those that hold what is written. */
export const STORES: readonly HandlerName[] = [...FILES, "vdisk_ram"];
export const NONE: readonly HandlerName[] = [];

/** Permission bits of an attribute. */
export type DeviceMode = 0o444 | 0o644;

/** One attribute. */
export interface DeviceRow {
  readonly name: string;
  readonly mode: DeviceMode;
  /** The handlers whose devices have it. */
  readonly handlers: readonly HandlerName[];
  /** Those that take it as a parameter of add_device. */
  readonly creates: readonly HandlerName[];
  /** Those that take it so as well, but do not tell, as in SCST. */
  readonly alsoCreates?: readonly HandlerName[];
  /** Whether `text` wants to know what the device is like now. */
  readonly isLive?: true;
  /** What it says, with the mark where it is to be saved. */
  readonly text: (device: DeviceModel, now?: DeviceView) => string;
  /** The device with what is written, or given at creation. Throws a TreeError. */
  readonly set?: (device: DeviceModel, text: string) => DeviceModel;
}

/** Keys of the model whose values are switches. */
type Flag =
  | "readOnly"
  | "rotational"
  | "removable"
  | "nvCache"
  | "explAlua";

export function flag(
  name: string,
  key: Flag,
  handlers: readonly HandlerName[],
  { mode = 0o444, creates = handlers, fallback = false }: {
    readonly mode?: DeviceRow["mode"];
    readonly creates?: readonly HandlerName[];
    readonly fallback?: boolean;
  } = {},
): DeviceRow {
  return {
    name,
    mode,
    handlers,
    creates,
    text: ({ [key]: value }) => valueText(digit(value), value !== fallback),
    set: (device, text) => ({ ...device, [key]: valueBy(SWITCH, name, trimmed(text)) }),
  };
}

/** A switch that the model only has where it is on, as configurations do. */
export function rareFlag(name: string, key: "dummy" | "oDirect", handler: HandlerName): DeviceRow {
  return {
    name,
    mode: 0o444,
    handlers: [handler],
    creates: [handler],
    text: ({ [key]: value = false }) => valueText(digit(value), value),
    set: ({ [key]: _, ...device }, text) =>
      valueBy(SWITCH, name, trimmed(text)) ? { ...device, [key]: true } : device,
  };
}

/** A text by which a device presents itself; `fallback` is what it says where nothing was set. */
export function presented(
  name: keyof typeof TEXTS,
  key: keyof DeviceTexts,
  fallback: (device: DeviceModel) => string,
): DeviceRow {
  return {
    name,
    mode: 0o644,
    handlers: ALL,
    creates: NONE,
    text: ({ texts, ...device }) =>
      valueText(texts?.[key] ?? fallback(device), texts?.[key] !== undefined),
    set: ({ texts: before, ...device }, text) => {
      const value = lineBy(TEXTS[name], name, text);
      const { [key]: _, ...others } = before ?? {};
      const texts = value === "" ? others : { ...others, [key]: value };
      return Object.keys(texts).length === 0 ? device : { ...device, texts };
    },
  };
}

/** A line; blanks in front of and in it count, a line break behind it does not. */
function lineBy(rule: ScalarRule<string>, name: string, text: string): string {
  const bare = text.replace(/\n+$/, "");
  return bare === "" ? "" : valueBy(rule, name, bare);
}

export function designatorRow(
  name: string,
  key: "naaId" | "eui64Id",
  rule: ScalarRule<string>,
): DeviceRow {
  return {
    name,
    mode: 0o644,
    handlers: ALL,
    creates: NONE,
    text: ({ ids }) => ids[key] === undefined ? "\n" : valueText(`0x${ids[key]}`, true),
    set: (device, text) => {
      const { [key]: _, ...others } = device.ids;
      if (trimmed(text) === "") return { ...device, ids: others };
      return { ...device, ids: { ...others, [key]: valueBy(rule, name, trimmed(text)) } };
    },
  };
}

/** Identities of which it is known whether they were given. */
const GIVEN = ["usn", "t10DevId"] as const;

/** An identity that is marked once it is not the one that the device was made with. */
export function identity(
  name: string,
  key: "usn" | "t10DevId",
  rule: ScalarRule<string>,
  creates: readonly HandlerName[],
): DeviceRow {
  return {
    name,
    mode: 0o644,
    handlers: ALL,
    creates,
    text: ({ ids }) => {
      // Ids that are not those of SCST would not be found again without being saved.
      const isKey = ids.t10DevId === undefined || ids.given?.includes(key) === true;
      return valueText(ids[key] ?? ids.usn, isKey);
    },
    set: (device, text) => {
      const value = lineBy(rule, name, text);
      if (value === "") throw new TreeError("EINVAL", `${name} must have at least one character`);
      // In one order, so that it makes no difference which was written first.
      const given = GIVEN.filter((one) => one === key || device.ids.given?.includes(one));
      return { ...device, ids: { ...device.ids, [key]: value, given } };
    },
  };
}
