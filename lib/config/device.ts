/** The devices of a configuration: their attributes, and what has to hold among them. */
import {
  type DeviceTexts,
  type FaultRule,
  type HandlerName,
  HANDLERS,
  MAX_COMMANDS,
} from "../scst/model.ts";
import {
  type Attribute,
  type AttributeTable,
  optional,
  readObject,
  required,
} from "./attribute.ts";
import type { ScalarRule } from "./attribute.ts";
import { BOOLEAN } from "./boolean.ts";
import { collection } from "./collection.ts";
import { line, number } from "./c_text.ts";
import { EUI64_ID, NAA_ID, USN } from "./device_ids.ts";
import { FAULT_RULE, FAULTS_MOST } from "./fault_rule.ts";
import { fileIdentity } from "./file_identity.ts";
import { deviceKept, keptTable } from "./kept.ts";
import { list } from "./list.ts";
import { DEVICE_NAME_ALLOWED, isDeviceName } from "./names.ts";
import type { ConfigNode } from "./node.ts";
import { oneOf, type Position, type ProblemList, quote } from "./problem.ts";
import { parseSize, SIZE_ALLOWED, sizeHint } from "./size.ts";

/** The keys of a device, under the names of SCST. */
export interface DeviceAttributes {
  handler: HandlerName;
  filename: string | undefined;
  blocksize: number;
  size: number | undefined;
  read_only: boolean;
  thin_provisioned: boolean;
  rotational: boolean;
  removable: boolean;
  write_through: boolean;
  nv_cache: boolean;
  o_direct: boolean;
  tst: 0 | 1;
  expl_alua: boolean;
  active: boolean;
  max_tgt_dev_commands: number;
  opt_trans_len: number | undefined;
  lb_per_pb_exp: boolean;
  dummy: boolean;
  pr_file_name: string | undefined;
  faults: readonly FaultRule[];
  naa_id: string | undefined;
  eui64_id: string | undefined;
  usn: string | undefined;
  t10_dev_id: string | undefined;
  t10_vend_id: string | undefined;
  vend_specific_id: string | undefined;
  prod_id: string | undefined;
  prod_rev_lvl: string | undefined;
  scsi_device_name: string | undefined;
  inq_vend_specific: string | undefined;
}

/** The keys that name a device and can be given to any. */
const NAMING = [
  "naa_id",
  "eui64_id",
  "usn",
  "t10_dev_id",
  "t10_vend_id",
  "vend_specific_id",
  "prod_id",
  "prod_rev_lvl",
  "scsi_device_name",
  "inq_vend_specific",
] as const;

/** A device as it was read; identities that were not given are still missing. */
export interface DeviceDraft {
  readonly name: string;
  readonly path: string;
  readonly keyAt: Position;
  readonly values: Readonly<DeviceAttributes>;
  /** Where the values are that were taken. */
  readonly at: ReadonlyMap<keyof DeviceAttributes, Position>;
  readonly given: ReadonlySet<keyof DeviceAttributes>;
}

const MIN_BLOCKSIZE = 512;
const MAX_BLOCKSIZE = 65536;
/** PATH_MAX of Linux, less the terminating zero. */
const MAX_PATH = 4095;

const HANDLER: ScalarRule<HandlerName> = {
  allowed: oneOf(HANDLERS),
  parse: ({ text }) => HANDLERS.find((handler) => handler === text),
};

export const FILENAME: ScalarRule<string> = {
  allowed: "an absolute path",
  parse: ({ text }) => {
    // deno-lint-ignore no-control-regex -- a zero ends a path in C, a line break forges log lines
    const clean = /^\/[^\u0000-\u001f\u007f]+$/.test(text);
    return clean && new TextEncoder().encode(text).length <= MAX_PATH ? text : undefined;
  },
};

export const BLOCKSIZE: ScalarRule<number> = {
  allowed: `a power of two from ${MIN_BLOCKSIZE} to ${MAX_BLOCKSIZE}`,
  parse: ({ text }) => {
    const value = /^[1-9]\d{0,5}$/.test(text) ? Number(text) : 0;
    const inRange = value >= MIN_BLOCKSIZE && value <= MAX_BLOCKSIZE;
    return inRange && (value & (value - 1)) === 0 ? value : undefined;
  },
};

const SIZE: ScalarRule<number> = {
  allowed: SIZE_ALLOWED,
  parse: ({ text }) => parseSize(text),
  hint: sizeHint,
};

export const TST: ScalarRule<0 | 1> = {
  allowed: "0 (one task set for all initiators) or 1 (one for each)",
  parse: ({ text }) => text === "0" ? 0 : text === "1" ? 1 : undefined,
};

/** The characters that texts of INQUIRY data have room for (SPC-5 6.7.2). */
export const INQUIRY_ROOM = { t10_vend_id: 8, prod_id: 16, prod_rev_lvl: 4 } as const;

/** Texts by which a device presents itself, with the characters that they have room for. */
export const TEXTS = {
  t10_vend_id: line(INQUIRY_ROOM.t10_vend_id),
  vend_specific_id: line(128),
  prod_id: line(INQUIRY_ROOM.prod_id),
  prod_rev_lvl: line(INQUIRY_ROOM.prod_rev_lvl),
  scsi_device_name: line(256),
  inq_vend_specific: line(160),
} as const;

/** What the model calls them. */
export const TEXT_FIELDS = [
  ["t10_vend_id", "t10VendId"],
  ["vend_specific_id", "vendSpecificId"],
  ["prod_id", "prodId"],
  ["prod_rev_lvl", "prodRevLvl"],
  ["scsi_device_name", "scsiDeviceName"],
  ["inq_vend_specific", "inqVendSpecific"],
] as const satisfies readonly (readonly [keyof typeof TEXTS, keyof DeviceTexts])[];

export const T10_DEV_ID = line(25);

export const MAX_TGT_DEV_COMMANDS = number(0, 2 ** 31 - 1);

export const OPT_TRANS_LEN = number(512, 2 ** 29);

/** A key that may be left out, and then means nothing in particular. */
function unset<T extends string | number>(rule: ScalarRule<T>): Attribute<T | undefined> {
  return optional<T | undefined>(rule as ScalarRule<NonNullable<T | undefined>>, undefined);
}

/** One that few have a use for. */
function uncommon<T>(attribute: Attribute<T>): Attribute<T> {
  return { ...attribute, isUncommon: true };
}

/** The keys of a device, of whatever handler. */
export const DEVICE: AttributeTable<DeviceAttributes> = {
  handler: required<HandlerName>(HANDLER, "vdisk_fileio"),
  filename: optional<string | undefined>(FILENAME, undefined),
  blocksize: optional<number>(BLOCKSIZE, MIN_BLOCKSIZE),
  size: optional<number | undefined>(SIZE, undefined),
  read_only: optional<boolean>(BOOLEAN, false),
  thin_provisioned: optional<boolean>(BOOLEAN, false),
  rotational: optional<boolean>(BOOLEAN, true),
  removable: optional<boolean>(BOOLEAN, false),
  write_through: optional<boolean>(BOOLEAN, false),
  nv_cache: optional<boolean>(BOOLEAN, false),
  o_direct: optional<boolean>(BOOLEAN, false),
  tst: optional<0 | 1>(TST, 1),
  expl_alua: optional<boolean>(BOOLEAN, false),
  active: uncommon(optional<boolean>(BOOLEAN, true)),
  max_tgt_dev_commands: uncommon(optional<number>(MAX_TGT_DEV_COMMANDS, MAX_COMMANDS)),
  opt_trans_len: uncommon(unset(OPT_TRANS_LEN)),
  lb_per_pb_exp: uncommon(optional<boolean>(BOOLEAN, true)),
  dummy: uncommon(optional<boolean>(BOOLEAN, false)),
  pr_file_name: uncommon(unset(FILENAME)),
  faults: uncommon(list(FAULT_RULE, FAULTS_MOST)),
  naa_id: unset(NAA_ID),
  eui64_id: uncommon(unset(EUI64_ID)),
  usn: unset(USN),
  t10_dev_id: uncommon(unset(T10_DEV_ID)),
  t10_vend_id: uncommon(unset(TEXTS.t10_vend_id)),
  vend_specific_id: uncommon(unset(TEXTS.vend_specific_id)),
  prod_id: uncommon(unset(TEXTS.prod_id)),
  prod_rev_lvl: uncommon(unset(TEXTS.prod_rev_lvl)),
  scsi_device_name: uncommon(unset(TEXTS.scsi_device_name)),
  inq_vend_specific: uncommon(unset(TEXTS.inq_vend_specific)),
};

/** What a handler's devices have besides. */
function tableOf(handler: HandlerName): AttributeTable<DeviceAttributes> {
  return { ...DEVICE, ...keptTable(deviceKept(handler)) };
}

/** The keys of a device that has not all of them. */
const KEYS_OF: Partial<Record<HandlerName, readonly (keyof DeviceAttributes)[]>> = {
  vdisk_ram: [
    "handler",
    "blocksize",
    "size",
    "read_only",
    "thin_provisioned",
    "rotational",
    "removable",
    "tst",
    "expl_alua",
    "opt_trans_len",
    "pr_file_name",
    "faults",
    ...NAMING,
  ],
  vcdrom: ["handler", "filename", "tst", "pr_file_name", ...NAMING],
};

/** The uncommon keys that every device has. */
const OF_ALL = ["max_tgt_dev_commands"];

/** What its keys do not say because it cannot be otherwise. */
const FIXED: Partial<Record<HandlerName, Partial<DeviceAttributes>>> = {
  vcdrom: { blocksize: 2048, read_only: true, removable: true },
};

/** The `devices` of a configuration. */
export const DEVICES = collection<DeviceDraft>(
  { allowed: DEVICE_NAME_ALLOWED, accepts: isDeviceName },
  ({ key, keyAt, path, node }, problems) => {
    const table = tableOf(handlerOf(node));
    const draft = { name: key, path, keyAt, ...readObject(table, node, path, problems) };
    checkKeys(draft, problems);
    checkFilename(draft, problems);
    checkSize(draft, problems);
    checkTransferLength(draft, problems);
    checkDirect(draft, problems);
    return { ...draft, values: { ...draft.values, ...FIXED[draft.values.handler] } };
  },
);

/** The handler of a device that is not read yet. */
function handlerOf(node: ConfigNode): HandlerName {
  const entry = node.kind === "map" && node.entries.find(({ key }) => key === "handler");
  const text = entry && entry.value.kind === "scalar" ? entry.value.text : "";
  return HANDLERS.find((handler) => handler === text) ?? "vdisk_fileio";
}

/** A device that is not a disk has no attributes of disks, and only one kind of disk can be none at all. */
function checkKeys({ values: { handler }, at, path }: DeviceDraft, problems: ProblemList): void {
  const own = KEYS_OF[handler];
  const dummyAt = at.get("dummy");
  if (dummyAt !== undefined && handler !== "vdisk_nullio" && own === undefined) {
    problems.add(dummyAt, `${path}.dummy`, "must not be there: only a vdisk_nullio can be a dummy");
  }
  if (own === undefined) return;
  const allowed: readonly string[] = [
    ...own,
    ...OF_ALL,
    ...deviceKept(handler).map(({ name }) => name),
  ];
  for (const [key, keyAt] of at) {
    if (allowed.includes(key)) continue;
    const what = `must not be there: the keys of a ${handler} are ${own.join(", ")}`;
    problems.add(keyAt, `${path}.${key}`, what);
  }
}

/** Those that are nothing without their file. */
const WITH_FILE: readonly HandlerName[] = ["vdisk_fileio", "vdisk_blockio"];

/** vdisk_nullio has nothing behind it, and a drive may be empty. */
function checkFilename(
  { values, at, given, path, keyAt }: DeviceDraft,
  problems: ProblemList,
): void {
  const handlerAt = at.get("handler");
  if (!handlerAt) return;
  const filenameAt = at.get("filename");
  if (values.handler === "vdisk_nullio") {
    if (filenameAt) {
      problems.add(filenameAt, `${path}.filename`, "must not be there: vdisk_nullio has no file");
    }
  } else if (!given.has("filename") && WITH_FILE.includes(values.handler)) {
    problems.add(keyAt, `${path}.filename`, `is missing: ${values.handler} needs an absolute path`);
  }
}

function checkSize({ values, at, given, path, keyAt }: DeviceDraft, problems: ProblemList): void {
  const sizeAt = at.get("size");
  if (values.handler === "vdisk_ram" && !given.has("size")) {
    problems.add(keyAt, `${path}.size`, "is missing: vdisk_ram has as many bytes as are said");
  }
  if (!sizeAt || values.size === undefined || values.size % values.blocksize === 0) return;
  const what = `must be a multiple of the blocksize of ${values.blocksize} bytes`;
  problems.add(sizeAt, `${path}.size`, `${what}: current value is ${values.size} bytes`);
}

function checkTransferLength({ values, at, path }: DeviceDraft, problems: ProblemList): void {
  const place = at.get("opt_trans_len");
  const { opt_trans_len: length, blocksize } = values;
  if (!place || length === undefined || length % blocksize === 0) return;
  const what = `must be a multiple of the blocksize of ${blocksize} bytes`;
  problems.add(place, `${path}.opt_trans_len`, `${what}: current value is ${length} bytes`);
}

/** SCST goes past the page cache with `async` only, and always does so for vdisk_blockio. */
function checkDirect({ values, at, path }: DeviceDraft, problems: ProblemList): void {
  const place = at.get("o_direct");
  const { handler } = values;
  if (!place || !values.o_direct) return;
  if (handler === "vdisk_fileio") {
    // What is kept of SCST's attributes is read as one of the keys, without a type of its own.
    const { async } = values as { async?: string };
    if (async !== "1") problems.add(place, `${path}.o_direct`, "needs async: 1 beside it");
  } else if (handler === "vdisk_blockio") {
    const what = "must not be there: vdisk_blockio never goes through the page cache";
    problems.add(place, `${path}.o_direct`, what);
  } else if (handler === "vdisk_nullio") {
    problems.add(place, `${path}.o_direct`, "must not be there: vdisk_nullio has no file");
  }
}

/** What no two devices may share, and the text that is equal for two of them if they do. */
const UNIQUE = [
  { attribute: "filename", identity: fileIdentity },
  { attribute: "naa_id", identity: (value: string) => value },
  { attribute: "usn", identity: (value: string) => value },
  { attribute: "pr_file_name", identity: (value: string) => value },
] as const;

/** Whether nobody writes to the file of a device: then others that only read may have it as well. */
function onlyReads({ values }: DeviceDraft): boolean {
  return values.handler === "vcdrom" || values.read_only;
}

/** Adds a problem for every device that exports another one's file or answers with its identity. */
export function checkUnique(devices: readonly DeviceDraft[], problems: ProblemList): void {
  for (const { attribute, identity } of UNIQUE) {
    const owners = new Map<string, DeviceDraft>();
    for (const device of devices) {
      const value = device.values[attribute];
      const at = device.at.get(attribute);
      if (value === undefined || !at) continue;
      const key = identity(value);
      const owner = owners.get(key);
      if (!owner) {
        owners.set(key, device);
        continue;
      }
      if (attribute === "filename" && onlyReads(owner) && onlyReads(device)) continue;
      const place = `${owner.path} in line ${owner.at.get(attribute)?.line}`;
      const what = `must be that of one device only: ${quote(value)} is that of ${place}`;
      problems.add(at, `${device.path}.${attribute}`, what);
    }
  }
}
