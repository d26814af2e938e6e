/** A configuration that is applied to a running server: what it says, and what it does not say. */
import { isDeepStrictEqual } from "node:util";
import { type Plain, type PlainMap, plainOf } from "../config/plain.ts";
import { chooseLuns } from "../scst/initiator_group.ts";
import type {
  DeviceGroupModel,
  GroupModel,
  KeptAttributes,
  LunModel,
  ServerModel,
  TargetGroupModel,
  TargetModel,
  UsersModel,
} from "../scst/model.ts";
import { Pattern } from "../scst/pattern.ts";
import type { Administration } from "./administration.ts";
import type { SessionView } from "./engine.ts";
import { named } from "./named.ts";
import type { Step } from "./steps.ts";

/** A step with the initiators that it concerns. */
export interface PlannedStep {
  readonly what: string;
  /** The keys, as a configuration has them, whose values are others afterwards; none where all is new. */
  readonly keys: readonly string[];
  /** Names of initiators whose LUNs change, or who lose their session. */
  readonly sessions: readonly string[];
}

/** Lists of what a configuration says, of what is served, and of what the configuration said before. */
interface Lists<T> {
  readonly said: readonly T[];
  readonly now: readonly T[];
  readonly formerly: readonly T[];
}

/** What is said, and what is served unless it was said before and is not any more. */
function unionBy<T>({ said, now, formerly }: Lists<T>, id: (item: T) => unknown): readonly T[] {
  const gone = new Set([...said, ...formerly].map(id));
  return [...said, ...now.filter((item) => !gone.has(id(item)))];
}

/** A list of one key of objects, of which two may not be there. */
function listsOf<T, K extends keyof T>(
  key: K,
  said: T,
  now: T | undefined,
  formerly: T | undefined,
): Lists<T[K] extends readonly (infer I)[] ? I : never> {
  return { said: said[key], now: now?.[key] ?? [], formerly: formerly?.[key] ?? [] } as Lists<
    T[K] extends readonly (infer I)[] ? I : never
  >;
}

type Join<T> = (said: T, now: T | undefined, formerly: T | undefined) => T;

function union<T extends { readonly name: string }>(lists: Lists<T>, join: Join<T>): readonly T[] {
  const { said, now, formerly } = lists;
  const all = unionBy(lists, ({ name }) => name);
  return all.map((item, index) =>
    index < said.length ? join(item, named(now, item.name), named(formerly, item.name)) : item
  );
}

const itself = <T>(item: T) => item;

function joinLuns(lists: Lists<LunModel>): readonly LunModel[] {
  return unionBy(lists, ({ lun }) => lun);
}

const joinGroups: Join<GroupModel> = (said, now, formerly) => ({
  ...said,
  initiators: unionBy(listsOf("initiators", said, now, formerly), itself),
  luns: joinLuns(listsOf("luns", said, now, formerly)),
});

/** Secrets stay that are not named: nobody is let in without one because a file says nothing of it. */
function joinUsers(
  said: UsersModel,
  now: UsersModel | undefined,
  formerly: UsersModel | undefined,
): UsersModel {
  const stays = formerly?.outgoingUser === undefined ? now?.outgoingUser : undefined;
  const outgoingUser = said.outgoingUser ?? stays;
  return {
    incomingUsers: unionBy(listsOf("incomingUsers", said, now, formerly), ({ name }) => name),
    ...(outgoingUser === undefined ? {} : { outgoingUser }),
  };
}

const joinTargets: Join<TargetModel> = (said, now, formerly) => ({
  ...said,
  ...joinUsers(said, now, formerly),
  relTgtId: said.relTgtId === 0 ? now?.relTgtId ?? 0 : said.relTgtId,
  luns: joinLuns(listsOf("luns", said, now, formerly)),
  groups: union(listsOf("groups", said, now, formerly), joinGroups),
});

const joinTargetGroups: Join<TargetGroupModel> = (said, now, formerly) => ({
  ...said,
  targets: union(listsOf("targets", said, now, formerly), itself),
});

const joinDeviceGroups: Join<DeviceGroupModel> = (said, now, formerly) => ({
  ...said,
  devices: unionBy(listsOf("devices", said, now, formerly), itself),
  targetGroups: union(listsOf("targetGroups", said, now, formerly), joinTargetGroups),
});

/** Attributes that are not named stay as they are, as objects do. */
function joinKept<K extends "kept" | "copyManager">(
  key: K,
  said: ServerModel,
  now: ServerModel,
  formerly: ServerModel | undefined,
): { [P in K]?: KeptAttributes } {
  const before = formerly?.[key] ?? {};
  const stays = Object.entries(now[key] ?? {}).filter(([name]) => !Object.hasOwn(before, name));
  const joined = { ...Object.fromEntries(stays), ...said[key] };
  return (Object.keys(joined).length === 0 ? {} : { [key]: joined }) as {
    [P in K]?: KeptAttributes;
  };
}

/**
 * What a server is to serve that has `said` applied to it: objects that it does not name stay, but for
 * those that `formerly` named, which is what was said before.
 */
export function joined(
  said: ServerModel,
  now: ServerModel,
  formerly?: ServerModel,
): ServerModel {
  // A portal that says port 0 is another one each time that it is read.
  const samePortals = isDeepStrictEqual(said.portals, formerly?.portals);
  const setupId = said.setupId ?? (formerly?.setupId === undefined ? now.setupId : undefined);
  return {
    ...said,
    ...(setupId === undefined ? {} : { setupId }),
    ...joinKept("kept", said, now, formerly),
    ...joinKept("copyManager", said, now, formerly),
    driver: { ...said.driver, ...joinUsers(said.driver, now.driver, formerly?.driver) },
    portals: samePortals ? now.portals : said.portals,
    devices: union(listsOf("devices", said, now, formerly), itself),
    targets: union(listsOf("targets", said, now, formerly), joinTargets),
    deviceGroups: union(listsOf("deviceGroups", said, now, formerly), joinDeviceGroups),
  };
}

/** What the steps to `wanted` would do, without doing it. */
export function planned(administration: Administration, wanted: ServerModel): PlannedStep[] {
  const now = plainOf(administration.model);
  const then = plainOf(wanted);
  return administration.plan(wanted).map((step) => ({
    what: step.what,
    keys: step.place === undefined ? [] : changedKeys(now, then, step.place),
    sessions: concerned(administration, step).map(({ initiator }) => initiator),
  }));
}

/** The map at a place of a configuration; undefined where there is none. */
function at(plain: PlainMap, place: readonly string[]): PlainMap | undefined {
  let found: Plain | undefined = plain;
  for (const key of place) found = found instanceof Map ? found.get(key) : undefined;
  return found instanceof Map ? found : undefined;
}

function changedKeys(now: PlainMap, then: PlainMap, place: readonly string[]): string[] {
  const [before, after] = [at(now, place), at(then, place)];
  const isNew = place.length > 1 && before === undefined;
  if (isNew) return [];
  const keys = new Set([...before?.keys() ?? [], ...after?.keys() ?? []]);
  return [...keys].filter((key) => !isDeepStrictEqual(before?.get(key), after?.get(key)));
}

/** The sessions whose LUNs a step changes. */
function concerned(administration: Administration, step: Step): SessionView[] {
  const { target } = step;
  if (target === undefined) return [];
  const before = named(administration.model.targets, target);
  const after = named(step.done(administration.model).targets, target);
  return administration.sessionsOf(target).filter(({ initiator }) =>
    lunsOf(before, initiator) !== lunsOf(after, initiator)
  );
}

/** What an initiator sees, as a text to be compared. */
function lunsOf(target: TargetModel | undefined, initiator: string): string {
  if (target === undefined) return "";
  const groups = target.groups.map((group) => ({
    ...group,
    initiators: group.initiators.map((text) => new Pattern(text)),
  }));
  const { luns } = chooseLuns({ luns: target.luns, groups }, initiator);
  const texts = luns.map(({ lun, device, readOnly }) => `${lun} ${device} ${readOnly}`);
  return texts.toSorted().join("\n");
}
