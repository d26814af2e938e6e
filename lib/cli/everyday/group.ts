/** `scst group`: initiators that see LUNs of their own. */
import type { VerbGroup } from "../verb.ts";
import {
  type Action,
  command,
  GROUP,
  type Input,
  pathName,
  PATTERN,
  TARGET,
  targetPath,
  verbOf,
} from "./action.ts";
import { listVerb } from "./listing.ts";
import { GROUP_LISTING } from "./listings.ts";

function groupsPath({ argument }: Input): string {
  return `${targetPath(argument("TARGET"))}/ini_groups`;
}

function initiators(input: Input): string {
  return `${groupsPath(input)}/${pathName(input.argument("GROUP"))}/initiators/mgmt`;
}

const GROUP_ACTIONS: readonly Action[] = [
  {
    name: "add",
    summary: "add a group of initiators that see LUNs of their own",
    arguments: [TARGET, GROUP],
    examples: ["scst group add iqn.2026-11.org.example:disk1 cluster"],
    writes: (
      input,
    ) => [[`${groupsPath(input)}/mgmt`, `create ${command(input.argument("GROUP"))}`]],
  },
  {
    name: "remove",
    summary: "remove a group with its LUNs; its initiators are matched again",
    arguments: [TARGET, GROUP],
    examples: ["scst group remove iqn.2026-11.org.example:disk1 cluster"],
    writes: (input) => [[`${groupsPath(input)}/mgmt`, `del ${command(input.argument("GROUP"))}`]],
  },
  {
    name: "admit",
    summary: "add a pattern for initiators to a group",
    arguments: [TARGET, GROUP, PATTERN],
    examples: ["scst group admit iqn.2026-11.org.example:disk1 cluster 'iqn.1993-08.org.debian:*'"],
    writes: (input) => [[initiators(input), `add ${command(input.argument("PATTERN"))}`]],
  },
  {
    name: "dismiss",
    summary: "remove a pattern for initiators from a group",
    arguments: [TARGET, GROUP, PATTERN],
    examples: [
      "scst group dismiss iqn.2026-11.org.example:disk1 cluster 'iqn.1993-08.org.debian:*'",
    ],
    writes: (input) => [[initiators(input), `del ${command(input.argument("PATTERN"))}`]],
  },
];

export const GROUP_VERBS: VerbGroup = {
  name: "group",
  summary: "list and change the groups of a running server",
  actions: [listVerb(GROUP_LISTING), ...GROUP_ACTIONS.map(verbOf)],
};
