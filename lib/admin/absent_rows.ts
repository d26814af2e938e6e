/**
 * Attributes of devices for what is not there: they can only be as they are by default, and creating a
 * device otherwise is refused, as it would not do what it says.
 */
import { SWITCH, word } from "../config/c_text.ts";
import { quote } from "../config/problem.ts";
import type { HandlerName } from "../scst/model.ts";
import type { DeviceRow } from "./device_row.ts";
import { valueText } from "./nodes.ts";
import { trimmed, valueBy } from "./text_value.ts";
import { TreeError } from "./tree.ts";

const DISKS: readonly HandlerName[] = ["vdisk_fileio", "vdisk_blockio", "vdisk_nullio"];
const FILES: readonly HandlerName[] = ["vdisk_fileio", "vdisk_blockio"];

const NO_DIF = "there is no protection information (DIF) here";

/** A parameter of add_device that is refused whatever it says, and no attribute. */
function refused(name: string, creates: readonly HandlerName[]): DeviceRow {
  return {
    name,
    mode: 0o444,
    handlers: [],
    creates,
    text: () => "",
    set: (_, text) => {
      throw new TreeError("EOPNOTSUPP", `${name} cannot be ${quote(trimmed(text))}: ${NO_DIF}`);
    },
  };
}

export const ABSENT_ROWS: readonly DeviceRow[] = [
  {
    name: "cluster_mode",
    mode: 0o644,
    handlers: DISKS,
    creates: DISKS,
    text: () => valueText(0, false),
    set: (device, text) => {
      if (!valueBy(SWITCH, "cluster_mode", trimmed(text))) return device;
      const why = "there is no cluster here to share reservations with";
      throw new TreeError("EOPNOTSUPP", `cluster_mode cannot be 1: ${why}`);
    },
  },
  refused("dif_filename", FILES),
  { ...refused("dif_mode", DISKS), handlers: ["vcdrom", ...DISKS], text: () => "None\n" },
  refused("dif_static_app_tag", DISKS),
  {
    name: "dif_type",
    mode: 0o444,
    handlers: ["vcdrom", ...DISKS],
    creates: DISKS,
    text: () => valueText(0, false),
    set: (device, text) => {
      const type = valueBy(word(["0", "1", "2", "3"]), "dif_type", trimmed(text));
      if (type === "0") return device;
      throw new TreeError("EOPNOTSUPP", `dif_type cannot be ${type}: ${NO_DIF}`);
    },
  },
];
