/** The options that set, add and remove attributes. */
import { readAttributes } from "./attributes.ts";
import { Code, codeSentence } from "./error_codes.ts";
import type { Input, Operation } from "./operation.ts";
import {
  deviceGroupOwner,
  deviceOwner,
  driverOwner,
  groupOwner,
  groupTargetOwner,
  handlerOwner,
  initiatorOwner,
  lunOwner,
  ROOT,
  targetGroupOwner,
  targetOwner,
} from "./owners.ts";
import { lunPlace } from "./query_operations.ts";
import { Fatal, type Session } from "./session.ts";
import { type AttributeOwner, setAttributes } from "./set_attributes.ts";
import { TreeError } from "../tree.ts";

type OwnerOf = (session: Session, input: Input) => AttributeOwner | Promise<AttributeOwner>;

interface Setter extends Pick<Operation, "option" | "value" | "needs" | "takes"> {
  /** Whose attributes, for the help. */
  readonly of: string;
  readonly owner: OwnerOf;
}

const groupPlace = ({ get }: Input) => ({
  driver: get("driver"),
  target: get("target"),
  group: get("group"),
});

const SETTERS: readonly Setter[] = [
  { option: "set_scst_attr", of: "SCST", owner: () => ROOT },
  {
    option: "set_hnd_attr",
    value: "HANDLER",
    of: "a handler",
    owner: (_, { value }) => handlerOwner(value),
  },
  {
    option: "set_dev_attr",
    value: "DEVICE",
    of: "a device",
    owner: (_, { value }) => deviceOwner(value),
  },
  {
    option: "set_drv_attr",
    value: "DRIVER",
    of: "a target driver",
    owner: ({ client }, { value }) => driverOwner(client, value),
  },
  {
    option: "set_tgt_attr",
    value: "TARGET",
    needs: ["driver"],
    of: "a target",
    owner: ({ client }, { value, get }) => targetOwner(client, get("driver"), value),
  },
  {
    option: "set_grp_attr",
    value: "GROUP",
    needs: ["driver", "target"],
    of: "a group",
    owner: (_, { value, get }) =>
      groupOwner({ driver: get("driver"), target: get("target"), group: value }),
  },
  {
    option: "set_lun_attr",
    value: "LUN",
    needs: ["driver", "target"],
    takes: ["group"],
    of: "a LUN",
    owner: (_, input) => lunOwner(lunPlace(input), input.value),
  },
  {
    option: "set_init_attr",
    value: "PATTERN",
    needs: ["driver", "target", "group"],
    of: "an initiator",
    owner: (_, input) => initiatorOwner(groupPlace(input), input.value),
  },
  {
    option: "set_dgrp_attr",
    value: "DEVICE_GROUP",
    of: "a device group",
    owner: (_, { value }) => deviceGroupOwner(value),
  },
  {
    option: "set_tgrp_attr",
    value: "TARGET_GROUP",
    needs: ["dev_group"],
    of: "a target group",
    owner: (_, { value, get }) => targetGroupOwner(get("dev_group"), value),
  },
  {
    option: "set_ttgt_attr",
    value: "TARGET",
    needs: ["dev_group", "tgt_group"],
    of: "a target in a target group",
    owner: (_, { value, get }) => groupTargetOwner(get("dev_group"), get("tgt_group"), value),
  },
];

const SETS = SETTERS.map(({ of, owner, needs = [], ...rest }): Operation => ({
  ...rest,
  needs: [...needs, "attributes"],
  help: `set attributes of ${of}`,
  asks: true,
  run: async (session, input) => {
    session.print("\n-> Making requested changes.");
    const found = await known(owner, session, input);
    const changes = await setAttributes(session, found, input.attributes, { tells: true });
    session.say(`Done, ${changes} change(s) made.`);
  },
}));

/** The owner that is meant. Rejects with Fatal where there is none. */
async function known(owner: OwnerOf, session: Session, input: Input): Promise<AttributeOwner> {
  try {
    const found = await owner(session, input);
    await session.client.list(found.path);
    return found;
  } catch (error) {
    if (!(error instanceof TreeError)) throw error;
    if (error.errno === "ENOTDIR") throw new Fatal("An initiator has no attributes");
    throw new Fatal(error.message);
  }
}

interface Dynamic extends Pick<Operation, "option" | "value" | "needs"> {
  readonly verb: "add" | "remove";
  readonly of: string;
  readonly owner: OwnerOf;
  /** Where the attribute is not one of several values. */
  readonly unknown: Code;
}

const ofDriver: OwnerOf = ({ client }, { value }) => driverOwner(client, value);
const ofTarget: OwnerOf = ({ client }, { value, get }) => targetOwner(client, get("driver"), value);
const TARGET_VALUE = { value: "TARGET", needs: ["driver"] } as const;

const DYNAMICS: readonly Dynamic[] = [
  {
    option: "add_drv_attr",
    value: "DRIVER",
    verb: "add",
    of: "a target driver",
    owner: ofDriver,
    unknown: Code.DRIVER_BAD_ATTRIBUTES,
  },
  {
    option: "add_tgt_attr",
    ...TARGET_VALUE,
    verb: "add",
    of: "a target",
    owner: ofTarget,
    unknown: Code.TARGET_BAD_ATTRIBUTES,
  },
  {
    option: "rem_drv_attr",
    value: "DRIVER",
    verb: "remove",
    of: "a target driver",
    owner: ofDriver,
    unknown: Code.DRIVER_BAD_ATTRIBUTES,
  },
  {
    option: "rem_tgt_attr",
    ...TARGET_VALUE,
    verb: "remove",
    of: "a target",
    owner: ofTarget,
    unknown: Code.TARGET_BAD_ATTRIBUTES,
  },
];

const ADDS_AND_REMOVES = DYNAMICS.map((
  { verb, of, owner, unknown, needs = [], ...rest },
): Operation => ({
  ...rest,
  needs: [...needs, "attributes"],
  help: verb === "add"
    ? `add values, as of IncomingUser, to ${of}`
    : `remove values, as of IncomingUser, from ${of}`,
  asks: verb === "remove",
  run: async (session, input) => {
    session.print("\n-> Making requested changes.");
    const found = await known(owner, session, input);
    await addOrRemove(session, found, verb, unknown, input);
    session.say("Done.");
  },
}));

async function addOrRemove(
  session: Session,
  { path, title, dynamic }: AttributeOwner,
  verb: "add" | "remove",
  unknown: Code,
  { attributes }: Input,
): Promise<void> {
  for (const [name, values] of attributes) {
    for (const value of values) {
      const there = (await readAttributes(session.client, path)).get(name)?.instances ?? [];
      const isThere = there.some((instance) => instance.value === value);
      if (dynamic === undefined || !dynamic.names.has(name)) {
        session.check({ sentence: `${codeSentence(unknown)}: ${title} has no such '${name}'` });
      } else if (isThere === (verb === "add")) {
        session.say(`This value of '${name}' is ${isThere ? "there already" : "not there"}.`);
      } else {
        const what = `${verb === "add" ? "Adding" : "Removing"} a value of '${name}' of ${title}`;
        await session.must(what, dynamic[verb](name, value));
      }
    }
  }
}

export const ATTRIBUTE_OPERATIONS: readonly Operation[] = [...SETS, ...ADDS_AND_REMOVES];
