/** `scst device`: the devices of a running server. */
import type { VerbGroup } from "../verb.ts";
import {
  type Action,
  CHANGES,
  command,
  DEVICE,
  parameters,
  pathName,
  SETTINGS,
  verbOf,
} from "./action.ts";
import { listVerb } from "./listing.ts";
import { DEVICE_LISTING } from "./listings.ts";

const DEVICE_ACTIONS: readonly Action[] = [
  {
    name: "add",
    summary: "add a device",
    arguments: [DEVICE, SETTINGS],
    options: [{
      name: "handler",
      value: "HANDLER",
      description: "vdisk_fileio (default), vdisk_blockio, vdisk_nullio, vdisk_ram or vcdrom",
      completion: ["vdisk_fileio", "vdisk_blockio", "vdisk_nullio", "vdisk_ram", "vcdrom"],
    }],
    examples: [
      "scst device add disk1 filename=/srv/disk1.img thin_provisioned=1",
      "scst device add block1 --handler vdisk_blockio filename=/dev/vg/block1",
    ],
    writes: (input) => {
      const handler = pathName(input.options.get("handler") ?? "vdisk_fileio");
      const text = `add_device ${command(input.argument("DEVICE"))} ${parameters(input)}`;
      return [[`handlers/${handler}/mgmt`, text.trim()]];
    },
  },
  {
    name: "remove",
    summary: "remove a device, with its LUNs everywhere",
    arguments: [DEVICE],
    examples: ["scst device remove disk1"],
    writes: ({ argument }) => [
      ["handlers/vdisk_fileio/mgmt", `del_device ${command(argument("DEVICE"))}`],
    ],
  },
  {
    name: "set",
    summary: "change attributes of a device",
    arguments: [DEVICE, CHANGES],
    examples: ["scst device set disk1 prod_id=backup"],
    writes: ({ argument, settings }) =>
      settings.map(([name, value]) => [
        `devices/${pathName(argument("DEVICE"))}/${pathName(name)}`,
        value,
      ]),
  },
  {
    name: "resync",
    summary: "look at the size of a device's file again",
    arguments: [DEVICE],
    options: [{ name: "force", description: "even if it has become smaller" }],
    examples: ["scst device resync disk1"],
    writes: ({ argument, options }) => [
      [`devices/${pathName(argument("DEVICE"))}/resync_size`, options.has("force") ? "force" : "1"],
    ],
  },
];

export const DEVICE_VERBS: VerbGroup = {
  name: "device",
  summary: "list and change the devices of a running server",
  actions: [listVerb(DEVICE_LISTING), ...DEVICE_ACTIONS.map(verbOf)],
};
