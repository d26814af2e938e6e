/** The attributes of devices: their names, modes, texts and rules, as SCST has them, each in one row. */
import { SWITCH } from "../config/c_text.ts";
import {
  BLOCKSIZE,
  FILENAME,
  MAX_TGT_DEV_COMMANDS,
  OPT_TRANS_LEN,
  T10_DEV_ID,
  TST,
} from "../config/device.ts";
import { EUI64_ID, NAA_ID, USN } from "../config/device_ids.ts";
import { FAULT_RULE, FAULTS_MOST, parseFaults } from "../config/fault_rule.ts";
import { quote } from "../config/problem.ts";
import {
  type DeviceModel,
  type HandlerName,
  MAX_COMMANDS,
  OPTIMAL_TRANSFER,
  printFault,
  PRODUCT_REVISION,
  T10_VENDORS,
} from "../scst/model.ts";
import { ABSENT_ROWS } from "./absent_rows.ts";
import {
  ALL,
  designatorRow,
  type DeviceRow,
  DISKS,
  FILES,
  flag,
  identity,
  NONE,
  presented,
  rareFlag,
  STORES,
} from "./device_row.ts";
import { SIZES } from "./device_size_rows.ts";
import { digit, valueText } from "./nodes.ts";
import { trimmed, valueBy } from "./text_value.ts";
import { TreeError } from "./tree.ts";

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
