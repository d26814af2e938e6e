/** `scst session`: who is logged in. */
import type { VerbGroup } from "../verb.ts";
import { type Action, pathName, TARGET, targetPath, verbOf } from "./action.ts";
import { listVerb } from "./listing.ts";
import { SESSION_LISTING } from "./listings.ts";

const SESSION_ACTIONS: readonly Action[] = [
  {
    name: "close",
    summary: "end a session; its initiator may log in again",
    arguments: [TARGET, {
      name: "SESSION",
      description: "its name in the tree, as scst session list shows it",
    }],
    examples: ["scst session close iqn.2026-11.org.example:disk1 iqn.1993-08.org.debian:01:a"],
    writes: ({ argument }) => [
      [
        `${targetPath(argument("TARGET"))}/sessions/${pathName(argument("SESSION"))}/force_close`,
        "1",
      ],
    ],
  },
];

export const SESSION_VERBS: VerbGroup = {
  name: "session",
  summary: "list and change the sessions of a running server",
  actions: [listVerb(SESSION_LISTING), ...SESSION_ACTIONS.map(verbOf)],
};
