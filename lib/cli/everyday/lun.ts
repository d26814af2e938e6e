/** `scst lun`: which device is which LUN. */
import type { VerbGroup, VerbOption } from "../verb.ts";
import {
  type Action,
  command,
  DEVICE,
  GROUP_OPTION,
  type Input,
  LUN,
  pathName,
  TARGET,
  targetPath,
  verbOf,
} from "./action.ts";
import { listVerb } from "./listing.ts";
import { LUN_LISTING } from "./listings.ts";

/** Where the LUNs of a target, or of the group that the option names, are managed. */
function lunsOf({ argument, options }: Input): string {
  const group = options.get("group");
  const set = group === undefined ? "" : `/ini_groups/${pathName(group)}`;
  return `${targetPath(argument("TARGET"))}${set}/luns`;
}

const READ_ONLY: VerbOption = { name: "read-only", description: "it can only be read here" };

function lunText(word: string, { argument, options }: Input): string {
  const tail = options.has("read-only") ? " read_only=1" : "";
  return `${word} ${command(argument("DEVICE"), argument("LUN"))}${tail}`;
}

const LUN_ACTIONS: readonly Action[] = [
  {
    name: "add",
    summary: "make a device a LUN of a target, or of a group of its initiators",
    arguments: [TARGET, LUN, DEVICE],
    options: [GROUP_OPTION, READ_ONLY],
    examples: ["scst lun add iqn.2026-11.org.example:disk1 0 disk1"],
    writes: (input) => [[`${lunsOf(input)}/mgmt`, lunText("add", input)]],
  },
  {
    name: "replace",
    summary: "put another device in the place of a LUN",
    arguments: [TARGET, LUN, DEVICE],
    options: [GROUP_OPTION, READ_ONLY],
    examples: ["scst lun replace iqn.2026-11.org.example:disk1 0 disk2"],
    writes: (input) => [[`${lunsOf(input)}/mgmt`, lunText("replace", input)]],
  },
  {
    name: "remove",
    summary: "take a LUN away; commands that are under way end first",
    arguments: [TARGET, LUN],
    options: [GROUP_OPTION],
    examples: ["scst lun remove iqn.2026-11.org.example:disk1 0 --group cluster"],
    writes: (input) => [[`${lunsOf(input)}/mgmt`, `del ${command(input.argument("LUN"))}`]],
  },
];

export const LUN_VERBS: VerbGroup = {
  name: "lun",
  summary: "list and change the LUNs of a running server",
  actions: [listVerb(LUN_LISTING), ...LUN_ACTIONS.map(verbOf)],
};
