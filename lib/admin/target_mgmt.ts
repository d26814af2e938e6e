/** `targets/iscsi/mgmt`: targets are added and deleted there, and their attributes of several values. */
import { TARGET_KEPT } from "../config/kept.ts";
import { ISCSI_NAME_ALLOWED, iscsiNameHint, isIscsiName } from "../config/names.ts";
import { PATTERN, patternIdentity } from "../config/pattern.ts";
import { quote } from "../config/problem.ts";
import {
  type DriverModel,
  type ServerModel,
  TARGET_DEFAULTS,
  type TargetModel,
} from "../scst/model.ts";
import type { Administration } from "./administration.ts";
import { targetOf, withTarget } from "./edit.ts";
import { ALLOWED_PORTAL, DRIVER, INCOMING } from "./instances.ts";
import { withKept } from "./kept_file.ts";
import { named, withoutItem } from "./named.ts";
import { TARGET_ROWS } from "./target_rows.ts";
import { valueBy } from "./text_value.ts";
import { refuse, TreeError } from "./tree.ts";
import { OUTGOING, withoutUser, withUser } from "./users.ts";
import { commandOf, exactWords, parametersOf, splitWord } from "./words.ts";

/** What the `mgmt` of the driver says; programs read the attributes off it. */
export const DRIVER_HELP = [
  'Usage: echo "add_target NAME [PARAMETER=VALUE;...]" >mgmt',
  '       echo "del_target NAME" >mgmt',
  '       echo "add_attribute ATTRIBUTE VALUE..." >mgmt',
  '       echo "del_attribute ATTRIBUTE VALUE..." >mgmt',
  '       echo "add_target_attribute NAME ATTRIBUTE VALUE..." >mgmt',
  '       echo "del_target_attribute NAME ATTRIBUTE VALUE..." >mgmt',
  "",
  `The following target driver attributes available: ${INCOMING}, ${OUTGOING}`,
  `The following target attributes available: ${INCOMING}, ${OUTGOING}, ${ALLOWED_PORTAL}`,
  "",
].join("\n");

type Command = (administration: Administration, text: string) => Promise<void>;

const COMMANDS: Readonly<Record<string, Command>> = {
  add_target: (administration, text) =>
    administration.change((model) => withNewTarget(model, text)),
  del_target: async (administration, text) => {
    const [name = ""] = exactWords(text, 1, "del_target NAME");
    await administration.change((model) => withoutTarget(model, administration, name));
  },
  add_attribute: (administration, text) =>
    changeDriver(
      administration,
      text,
      (driver, attribute, value) => withUser(driver, userAttribute(attribute), value),
    ),
  del_attribute: (administration, text) =>
    changeDriver(
      administration,
      text,
      (driver, attribute, value) => withoutUser(driver, userAttribute(attribute), value),
    ),
  add_target_attribute: (administration, text) => changeTarget(administration, text, withAttribute),
  del_target_attribute: (administration, text) =>
    changeTarget(administration, text, withoutAttribute),
};

/** Obeys a command that was written to the `mgmt` of the driver. Rejects with a TreeError. */
export async function manageDriver(administration: Administration, text: string): Promise<void> {
  const { word, rest } = commandOf(text);
  if (Object.hasOwn(COMMANDS, word)) return await COMMANDS[word]!(administration, rest);
  const known = Object.keys(COMMANDS).join(", ");
  throw new TreeError("EINVAL", `${quote(word)} is no command here: those are ${known}`);
}

function withNewTarget(model: ServerModel, text: string): ServerModel {
  const [given, rest] = splitWord(text);
  const name = given.toLowerCase();
  if (!isIscsiName(name)) {
    const hint = iscsiNameHint(name);
    const what = `The name of a target must be ${ISCSI_NAME_ALLOWED}`;
    const tail = hint === undefined ? "" : `; ${hint}`;
    throw new TreeError("EINVAL", `${what}: current value is ${quote(given)}${tail}`);
  }
  if (named(model.targets, name) !== undefined) {
    throw new TreeError("EEXIST", `There is a target ${quote(name)} already`);
  }
  const attributes = { ...TARGET_DEFAULTS, enabled: false };
  const bare: TargetModel = {
    name,
    relTgtId: 0,
    attributes,
    luns: [],
    groups: [],
    incomingUsers: [],
  };
  return { ...model, targets: [...model.targets, withParameters(bare, rest)] };
}

/** Kept attributes that can be given at creation as well. */
const KEPT_CREATES = TARGET_KEPT.filter(({ isDaemon }) => isDaemon);

/** Here alone a parameter may have a blank in its value: the name and the secret of a user. */
function withParameters(target: TargetModel, text: string): TargetModel {
  const items = text.split(/[;\n]/);
  const end = items.findIndex((item) => item.trim() === "");
  return items.slice(0, end < 0 ? items.length : end).reduce((made, item) => {
    const [name, value] = splitWord(item);
    if (name.toLowerCase() === INCOMING.toLowerCase()) return withUser(made, INCOMING, value);
    const [[parameter = "", setting = ""] = []] = parametersOf(item);
    if (parameter === "alias") return made; // as in SCST
    const row = TARGET_ROWS.find(({ name, creates }) =>
      creates && name.toLowerCase() === parameter
    );
    if (row !== undefined) return row.set(made, setting);
    const kept = KEPT_CREATES.find(({ name }) => name.toLowerCase() === parameter);
    if (kept !== undefined) return withKept(kept, made, setting);
    const known = [...TARGET_ROWS.filter(({ creates }) => creates), ...KEPT_CREATES]
      .map(({ name }) => name).join(", ");
    throw new TreeError(
      "EINVAL",
      `${quote(name)} is no parameter of a target: those are ${known}`,
    );
  }, target);
}

function withoutTarget(
  model: ServerModel,
  administration: Administration,
  given: string,
): ServerModel {
  const { name } = targetOf(model, given);
  const count = administration.sessionsOf(name).length;
  if (count > 0) {
    const what = `Target ${quote(name)} has ${count} session${count === 1 ? "" : "s"}`;
    throw new TreeError("EBUSY", `${what}: disable it and close them first`);
  }
  // A target group goes on naming it, as one that is not of this node.
  return { ...model, targets: withoutItem(model.targets, name) };
}

function changeDriver(
  administration: Administration,
  text: string,
  update: (driver: DriverModel, attribute: string, value: string) => DriverModel,
): Promise<void> {
  const [attribute, value] = splitWord(text);
  return administration.change((model) => {
    const driver = update(model.driver, attribute, value);
    wishName(administration, DRIVER, attribute, value);
    return { ...model, driver };
  });
}

function changeTarget(
  administration: Administration,
  text: string,
  update: (target: TargetModel, attribute: string, value: string) => TargetModel,
): Promise<void> {
  const [given, rest] = splitWord(text);
  const [attribute, value] = splitWord(rest);
  return administration.change((model) => {
    const { name } = targetOf(model, given);
    wishName(administration, name, attribute, value);
    return withTarget(model, name, (target) => update(target, attribute, value));
  });
}

/** The digits that an attribute is written with are those that its file gets, as far as they are free. */
function wishName(
  { numbers }: Administration,
  owner: string,
  attribute: string,
  value: string,
): void {
  const [suffix = ""] = /\d+$/.exec(attribute) ?? [];
  numbers.instances.wish({ owner, value: splitWord(value)[0], suffix });
}

/** The attribute that a word means, digits behind it or not. Throws EINVAL. */
function userAttribute(text: string): string {
  const bare = text.replace(/\d+$/, "").toLowerCase();
  const found = [INCOMING, OUTGOING].find((name) => name.toLowerCase() === bare);
  return found ?? refuse("EINVAL", `${quote(text)} is no attribute: ${INCOMING}, ${OUTGOING}`);
}

function isAllowedPortal(attribute: string): boolean {
  return attribute.replace(/\d+$/, "").toLowerCase() === ALLOWED_PORTAL;
}

function withAttribute(target: TargetModel, attribute: string, value: string): TargetModel {
  if (!isAllowedPortal(attribute)) return withUser(target, userAttribute(attribute), value);
  const [pattern = ""] = exactWords(
    value,
    1,
    `add_target_attribute NAME ${ALLOWED_PORTAL} PATTERN`,
  );
  valueBy(PATTERN, ALLOWED_PORTAL, pattern);
  const { allowedPortals } = target.attributes;
  if (allowedPortals.some((one) => patternIdentity(one) === patternIdentity(pattern))) {
    throw new TreeError("EINVAL", `${ALLOWED_PORTAL} ${quote(pattern)} is there already`);
  }
  return withPortals(target, [...allowedPortals, pattern]);
}

function withoutAttribute(target: TargetModel, attribute: string, value: string): TargetModel {
  if (!isAllowedPortal(attribute)) return withoutUser(target, userAttribute(attribute), value);
  const [pattern = ""] = splitWord(value);
  const { allowedPortals } = target.attributes;
  const left = allowedPortals.filter((one) => patternIdentity(one) !== patternIdentity(pattern));
  if (left.length < allowedPortals.length) return withPortals(target, left);
  throw new TreeError("ENOENT", `There is no ${ALLOWED_PORTAL} ${quote(pattern)}`);
}

/** A target with other patterns for the addresses at which it is reached. */
export function withPortals(target: TargetModel, allowedPortals: readonly string[]): TargetModel {
  return { ...target, attributes: { ...target.attributes, allowedPortals } };
}
