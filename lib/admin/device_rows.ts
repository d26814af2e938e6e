/** The attributes of devices: their names, modes, texts and rules, as SCST has them, each in one row. */
import type { ScalarRule } from "../config/attribute.ts";
import { number, SWITCH } from "../config/c_text.ts";
import {
  BLOCKSIZE,
  FILENAME,
  MAX_TGT_DEV_COMMANDS,
  OPT_TRANS_LEN,
  T10_DEV_ID,
  TEXTS,
  TST,
} from "../config/device.ts";
import { EUI64_ID, NAA_ID, USN } from "../config/device_ids.ts";
import { FAULT_RULE, FAULTS_MOST, parseFaults } from "../config/fault_rule.ts";
import { quote } from "../config/problem.ts";
import {
  type DeviceModel,
  type DeviceTexts,
  type HandlerName,
  HANDLERS,
  MAX_COMMANDS,
  NULL_SIZE,
  OPTIMAL_TRANSFER,
  printFault,
  PRODUCT_REVISION,
  T10_VENDORS,
} from "../scst/model.ts";
import { ABSENT_ROWS } from "./absent_rows.ts";
import type { DeviceView } from "./engine.ts";
import { digit, valueText } from "./nodes.ts";
import { trimmed, valueBy } from "./text_value.ts";
import { TreeError } from "./tree.ts";

const ALL: readonly HandlerName[] = HANDLERS;
const DISKS: readonly HandlerName[] = HANDLERS.filter((handler) => handler !== "vcdrom");
const FILES: readonly HandlerName[] = ["vdisk_fileio", "vdisk_blockio"];
/** Those that hold what is written. */
const STORES: readonly HandlerName[] = [...FILES, "vdisk_ram"];
const NONE: readonly HandlerName[] = [];

/** Permission bits of an attribute. */
type DeviceMode = 0o444 | 0o644;

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

function flag(
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
function rareFlag(name: string, key: "dummy" | "oDirect", handler: HandlerName): DeviceRow {
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
function presented(
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

function designatorRow(
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
function identity(
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

/** Bytes in a MiB. */
const MIB = 2 ** 20;

function sized(device: DeviceModel, size: number): DeviceModel {
  if (size > 0 && size % device.blocksize === 0 && Number.isSafeInteger(size)) {
    return { ...device, size };
  }
  const what = `must be a multiple of the blocksize of ${device.blocksize} bytes, and not 0`;
  throw new TreeError("EINVAL", `The size ${what}: current value is ${size} bytes`);
}

/**
 * The size of the devices of a handler, in bytes and in MiB. SCST marks it always; one that is found is
 * not marked here, nor saved, so that a file that has grown is noticed also after the next start.
 */
function sizeRows(
  handler: HandlerName,
  mode: DeviceMode,
  { unsaid, isMarked = ({ size }) => size !== undefined }: {
    /** Bytes that it has where nothing is said. */
    readonly unsaid: (now: DeviceView | undefined) => number;
    readonly isMarked?: (device: DeviceModel) => boolean;
  },
): DeviceRow[] {
  const creates = handler === "vcdrom" ? NONE : [handler];
  const bytes = ({ size }: DeviceModel, now: DeviceView | undefined) => size ?? unsaid(now);
  return [
    {
      name: "size",
      mode,
      handlers: [handler],
      creates,
      isLive: true,
      text: (device, now) => valueText(bytes(device, now), isMarked(device)),
      set: (device, text) => sized(device, valueBy(number(1, Infinity), "size", trimmed(text))),
    },
    {
      name: "size_mb",
      mode,
      handlers: [handler],
      creates: handler === "vdisk_nullio" || handler === "vdisk_ram" ? creates : NONE,
      alsoCreates: creates,
      isLive: true,
      text: (device, now) => valueText(Math.floor(bytes(device, now) / MIB), false),
      set: (device, text) =>
        sized(device, valueBy(number(1, 2 ** 33), "size_mb", trimmed(text)) * MIB),
    },
  ];
}

const found = (now: DeviceView | undefined) => now?.size ?? 0;

const SIZES: readonly DeviceRow[] = [
  ...sizeRows("vdisk_fileio", 0o444, { unsaid: found }),
  ...sizeRows("vdisk_blockio", 0o644, { unsaid: found }),
  ...sizeRows("vdisk_nullio", 0o644, {
    unsaid: () => NULL_SIZE,
    isMarked: ({ size = NULL_SIZE }) => size !== NULL_SIZE,
  }),
  ...sizeRows("vdisk_ram", 0o444, { unsaid: found }),
  ...sizeRows("vcdrom", 0o444, { unsaid: found, isMarked: () => true }),
];

/** What every handler says of its devices, in the order of the names in the help of its mgmt. */
export const DEVICE_ROWS: readonly DeviceRow[] = [
  {
    name: "active",
    mode: 0o644,
    handlers: FILES,
    creates: FILES,
    text: ({ active = true }) => valueText(digit(active), !active),
    set: ({ active: _, ...device }, text) =>
      valueBy(SWITCH, "active", trimmed(text)) ? device : { ...device, active: false },
  },
  {
    name: "blocksize",
    mode: 0o444,
    handlers: DISKS,
    creates: DISKS,
    text: ({ blocksize }) => valueText(blocksize, blocksize !== 512),
    set: (device, text) => ({
      ...device,
      blocksize: valueBy(BLOCKSIZE, "blocksize", trimmed(text)),
    }),
  },
  ...ABSENT_ROWS,
  rareFlag("dummy", "dummy", "vdisk_nullio"),
  flag("expl_alua", "explAlua", STORES, { mode: 0o644, creates: NONE }),
  {
    name: "faults",
    mode: 0o644,
    handlers: DISKS,
    creates: NONE,
    text: ({ faults = [] }) =>
      faults.length === 0 ? "none\n" : valueText(faults.map(printFault).join("; "), true),
    set: setFaults,
  },
  {
    name: "filename",
    mode: 0o644,
    handlers: ["vdisk_fileio", "vdisk_blockio", "vcdrom"],
    creates: FILES,
    text: ({ filename }) => filename === undefined ? "none\n\n" : `${valueText(filename, true)}\n`,
    set: setFilename,
  },
  {
    name: "lb_per_pb_exp",
    mode: 0o644,
    handlers: FILES,
    creates: NONE,
    alsoCreates: FILES,
    text: ({ hidesPhysicalBlocks: hides = false }) => valueText(digit(!hides), hides),
    set: ({ hidesPhysicalBlocks: _, ...device }, text) =>
      valueBy(SWITCH, "lb_per_pb_exp", trimmed(text))
        ? device
        : { ...device, hidesPhysicalBlocks: true },
  },
  {
    name: "max_tgt_dev_commands",
    mode: 0o644,
    handlers: ALL,
    creates: NONE,
    text: ({ maxCommands = MAX_COMMANDS }) => valueText(maxCommands, maxCommands !== MAX_COMMANDS),
    set: ({ maxCommands: _, ...device }, text) => {
      const value = valueBy(MAX_TGT_DEV_COMMANDS, "max_tgt_dev_commands", trimmed(text));
      return value === MAX_COMMANDS ? device : { ...device, maxCommands: value };
    },
  },
  flag("nv_cache", "nvCache", FILES),
  rareFlag("o_direct", "oDirect", "vdisk_fileio"),
  {
    name: "opt_trans_len",
    mode: 0o644,
    handlers: DISKS,
    creates: NONE,
    text: ({ optTransLen }) =>
      valueText(optTransLen ?? OPTIMAL_TRANSFER, optTransLen !== undefined),
    set: (device, text) => {
      const value = valueBy(OPT_TRANS_LEN, "opt_trans_len", trimmed(text));
      if (value % device.blocksize === 0) return { ...device, optTransLen: value };
      const what = `must be a multiple of the blocksize of ${device.blocksize} bytes`;
      throw new TreeError("EINVAL", `opt_trans_len ${what}: current value is ${value}`);
    },
  },
  flag("read_only", "readOnly", DISKS),
  flag("removable", "removable", DISKS),
  flag("rotational", "rotational", DISKS, { fallback: true }),
  ...SIZES,
  {
    name: "thin_provisioned",
    mode: 0o444,
    handlers: STORES,
    creates: STORES,
    text: ({ thinProvisioned, isProvisioningGiven = thinProvisioned }) =>
      valueText(digit(thinProvisioned), isProvisioningGiven),
    set: (device, text) => ({
      ...device,
      thinProvisioned: valueBy(SWITCH, "thin_provisioned", trimmed(text)),
      isProvisioningGiven: true,
    }),
  },
  {
    name: "tst",
    mode: 0o444,
    handlers: ALL,
    creates: ALL,
    text: ({ tst }) => valueText(tst, tst === 0),
    set: (device, text) => ({ ...device, tst: valueBy(TST, "tst", trimmed(text)) }),
  },
  {
    name: "write_through",
    mode: 0o444,
    handlers: FILES,
    creates: FILES,
    isLive: true,
    text: ({ writeThrough }, now) => {
      const isOn = now?.writeThrough ?? writeThrough;
      return valueText(digit(isOn), isOn);
    },
    set: (device, text) => ({
      ...device,
      writeThrough: valueBy(SWITCH, "write_through", trimmed(text)),
    }),
  },
  identity("t10_dev_id", "t10DevId", T10_DEV_ID, DISKS),
  identity("usn", "usn", USN, NONE),
  designatorRow("naa_id", "naaId", NAA_ID),
  designatorRow("eui64_id", "eui64Id", EUI64_ID),
  presented("t10_vend_id", "t10VendId", ({ handler }) => T10_VENDORS[handler]),
  presented("vend_specific_id", "vendSpecificId", ({ ids }) => ids.t10DevId ?? ids.usn),
  presented("prod_id", "prodId", ({ name }) => name.slice(0, 16)),
  presented("prod_rev_lvl", "prodRevLvl", () => PRODUCT_REVISION),
  presented("scsi_device_name", "scsiDeviceName", () => ""),
  presented("inq_vend_specific", "inqVendSpecific", () => ""),
];

/** Rules with semicolons between them; `none` or an empty text ends the faults. */
function setFaults({ faults: _, ...device }: DeviceModel, text: string): DeviceModel {
  const rules = parseFaults(text);
  if (rules !== undefined) return rules.length === 0 ? device : { ...device, faults: rules };
  const what = `faults must be none, or up to ${FAULTS_MOST} rules with semicolons between them`;
  throw new TreeError(
    "EINVAL",
    `${what}, each ${FAULT_RULE.allowed}: current value is ${quote(trimmed(text))}`,
  );
}

/** An empty text takes the medium of a drive out; the file of a disk has to be there. */
function setFilename(device: DeviceModel, text: string): DeviceModel {
  const { filename: _, ...others } = device;
  const path = text.replace(/\n+$/, "");
  const isDrive = device.handler === "vcdrom";
  if (path === "" && isDrive) return others;
  if (!isDrive && device.filename !== undefined && device.active !== false) {
    const what = "filename cannot be changed as long as the device is active";
    throw new TreeError("EINVAL", `${what}: write 0 to active first`);
  }
  return { ...others, filename: valueBy(FILENAME, "filename", path) };
}

/** The row of a parameter of add_device; undefined where the handler has none of that name. */
export function createRow(handler: HandlerName, name: string): DeviceRow | undefined {
  return DEVICE_ROWS.find((row) =>
    row.name === name &&
    (row.creates.includes(handler) || row.alsoCreates?.includes(handler) === true)
  );
}

/** The names of the parameters of add_device, as the help of the mgmt file lists them. */
export function createParameters(handler: HandlerName): string[] {
  return DEVICE_ROWS.filter(({ creates }) => creates.includes(handler)).map(({ name }) => name);
}
