/** `scst target`: the targets of a running server. */
import type { VerbGroup } from "../verb.ts";
import {
  type Action,
  CHANGES,
  command,
  pathName,
  TARGET,
  targetPath,
  TARGETS,
  verbOf,
} from "./action.ts";
import { listVerb } from "./listing.ts";
import { TARGET_LISTING } from "./listings.ts";

const TARGET_ACTIONS: readonly Action[] = [
  {
    name: "add",
    summary: "add a target; nobody can log in before it is enabled",
    arguments: [TARGET],
    options: [{ name: "enable", description: "enable it at once" }],
    examples: ["scst target add iqn.2026-11.org.example:disk1 --enable"],
    writes: ({ argument, options }) => [
      [`${TARGETS}/mgmt`, `add_target ${command(argument("TARGET"))}`],
      ...(options.has("enable")
        ? [[`${targetPath(argument("TARGET"))}/enabled`, "1"] as const]
        : []),
    ],
  },
  {
    name: "remove",
    summary: "remove a target that nobody is logged in to",
    arguments: [TARGET],
    examples: ["scst target remove iqn.2026-11.org.example:disk1"],
    writes: ({ argument }) => [[`${TARGETS}/mgmt`, `del_target ${command(argument("TARGET"))}`]],
  },
  {
    name: "enable",
    summary: "let initiators log in",
    arguments: [TARGET],
    examples: ["scst target enable iqn.2026-11.org.example:disk1"],
    writes: ({ argument }) => [[`${targetPath(argument("TARGET"))}/enabled`, "1"]],
  },
  {
    name: "disable",
    summary: "refuse logins; sessions that are there stay",
    arguments: [TARGET],
    examples: ["scst target disable iqn.2026-11.org.example:disk1"],
    writes: ({ argument }) => [[`${targetPath(argument("TARGET"))}/enabled`, "0"]],
  },
  {
    name: "set",
    summary: "change attributes of a target",
    arguments: [TARGET, CHANGES],
    examples: ["scst target set iqn.2026-11.org.example:disk1 MaxSessions=2 alias=mine"],
    writes: ({ argument, settings }) =>
      settings.map(([name, value]) => [
        `${targetPath(argument("TARGET"))}/${pathName(name)}`,
        value,
      ]),
  },
];

export const TARGET_VERBS: VerbGroup = {
  name: "target",
  summary: "list and change the targets of a running server",
  actions: [listVerb(TARGET_LISTING), ...TARGET_ACTIONS.map(verbOf)],
};
