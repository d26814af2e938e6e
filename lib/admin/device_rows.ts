/** The attributes of devices: their names, modes, texts and rules, as SCST has them, each in one row. */
import type { ScalarRule } from "../config/attribute.ts";
import { number, SWITCH } from "../config/c_text.ts";
import { BLOCKSIZE, FILENAME, OPT_TRANS_LEN, T10_DEV_ID, TEXTS, TST } from "../config/device.ts";
import { EUI64_ID, NAA_ID, USN } from "../config/device_ids.ts";
import {
  type DeviceModel,
  type DeviceTexts,
  type HandlerName,
  HANDLERS,
  NULL_SIZE,
  OPTIMAL_TRANSFER,
  PRODUCT_REVISION,
  T10_VENDORS,
} from "../scst/model.ts";
import { digit, valueText } from "./nodes.ts";
import { trimmed, valueBy } from "./text_value.ts";
import { TreeError } from "./tree.ts";

const ALL: readonly HandlerName[] = HANDLERS;
const DISKS: readonly HandlerName[] = ["vdisk_fileio", "vdisk_blockio", "vdisk_nullio"];
const FILES: readonly HandlerName[] = ["vdisk_fileio", "vdisk_blockio"];
const NONE: readonly HandlerName[] = [];

/** One attribute. */
export interface DeviceRow {
  readonly name: string;
  readonly mode: 0o444 | 0o644;
  /** The handlers whose devices have it. */
  readonly handlers: readonly HandlerName[];
  /** Those that take it as a parameter of add_device. */
  readonly creates: readonly HandlerName[];
  /** What it says, with the mark where it is to be saved. */
  readonly text: (device: DeviceModel) => string;
  /** The device with what is written, or given at creation. Throws a TreeError. */
  readonly set?: (device: DeviceModel, text: string) => DeviceModel;
}

/** Keys of the model whose values are switches. */
type Flag =
  | "readOnly"
  | "thinProvisioned"
  | "rotational"
  | "removable"
  | "writeThrough"
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
    text: (device) => valueText(digit(device[key]), device[key] !== fallback),
    set: (device, text) => ({ ...device, [key]: valueBy(SWITCH, name, trimmed(text)) }),
  };
}

/** A switch that can only have the value that it has, as the rest of it is not there. */
function fixed(name: string, handlers: readonly HandlerName[], why: string): DeviceRow {
  return {
    name,
    mode: 0o444,
    handlers,
    creates: handlers,
    text: () => valueText(0, false),
    set: (device, text) => {
      if (!valueBy(SWITCH, name, trimmed(text))) return device;
      throw new TreeError("EOPNOTSUPP", `${name} cannot be 1: ${why}`);
    },
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
    set: (device, text) => {
      const value = lineBy(TEXTS[name], name, text);
      const { [key]: _, ...others } = device.texts ?? {};
      return { ...device, texts: value === "" ? others : { ...others, [key]: value } };
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
      const given = [...new Set([...device.ids.given ?? [], key])];
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

/** `vdisk_nullio` has the size that it is given; that of the others is found, and is text of the tree. */
const SIZES: readonly DeviceRow[] = [
  {
    name: "size",
    mode: 0o644,
    handlers: ["vdisk_nullio"],
    creates: ["vdisk_nullio"],
    text: ({ size = NULL_SIZE }) => valueText(size, size !== NULL_SIZE),
    set: (device, text) => sized(device, valueBy(number(1, Infinity), "size", trimmed(text))),
  },
  {
    name: "size_mb",
    mode: 0o644,
    handlers: ["vdisk_nullio"],
    creates: ["vdisk_nullio"],
    text: ({ size = NULL_SIZE }) => valueText(Math.floor(size / MIB), false),
    set: (device, text) =>
      sized(device, valueBy(number(1, 2 ** 33), "size_mb", trimmed(text)) * MIB),
  },
];

/** What every handler says of its devices, in the order of the names in the help of its mgmt. */
export const DEVICE_ROWS: readonly DeviceRow[] = [
  {
    name: "active",
    mode: 0o644,
    handlers: FILES,
    creates: FILES,
    text: ({ active = true }) => valueText(digit(active), !active),
    set: (device, text) => ({ ...device, active: valueBy(SWITCH, "active", trimmed(text)) }),
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
  fixed("cluster_mode", DISKS, "there is no cluster here to share reservations with"),
  flag("expl_alua", "explAlua", FILES, { mode: 0o644, creates: NONE }),
  {
    name: "filename",
    mode: 0o644,
    handlers: ["vdisk_fileio", "vdisk_blockio", "vcdrom"],
    creates: FILES,
    text: ({ filename }) => filename === undefined ? "none\n\n" : `${valueText(filename, true)}\n`,
    set: setFilename,
  },
  flag("nv_cache", "nvCache", FILES),
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
  flag("thin_provisioned", "thinProvisioned", FILES),
  {
    name: "tst",
    mode: 0o444,
    handlers: ALL,
    creates: ALL,
    text: ({ tst }) => valueText(tst, tst === 0),
    set: (device, text) => ({ ...device, tst: valueBy(TST, "tst", trimmed(text)) }),
  },
  flag("write_through", "writeThrough", FILES),
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

/** An empty text takes the medium of a drive out; the file of a disk has to be there. */
function setFilename(device: DeviceModel, text: string): DeviceModel {
  const { filename: _, ...others } = device;
  const path = text.replace(/\n+$/, "");
  if (path === "" && device.handler === "vcdrom") return others;
  return { ...others, filename: valueBy(FILENAME, "filename", path) };
}

/** The row of a parameter of add_device; undefined where the handler has none of that name. */
export function createRow(handler: HandlerName, name: string): DeviceRow | undefined {
  return DEVICE_ROWS.find((row) => row.name === name && row.creates.includes(handler));
}

/** The names of the parameters of add_device, as the help of the mgmt file lists them. */
export function createParameters(handler: HandlerName): string[] {
  return DEVICE_ROWS.filter(({ creates }) => creates.includes(handler)).map(({ name }) => name);
}
