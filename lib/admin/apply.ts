/** A configuration that is applied to a running server: what it says, and what it does not say. */
import { chooseLuns } from "../scst/initiator_group.ts";
import type {
  DeviceGroupModel,
  GroupModel,
  LunModel,
  ServerModel,
  TargetGroupModel,
  TargetModel,
} from "../scst/model.ts";
import { Pattern } from "../scst/pattern.ts";
import type { Administration } from "./administration.ts";
import type { SessionState } from "./engine.ts";
import { named } from "./named.ts";
import type { Step } from "./steps.ts";

/** A step with the initiators that it concerns. */
export interface PlannedStep {
  readonly what: string;
  /** Names of initiators whose LUNs change, or who lose their session. */
  readonly sessions: readonly string[];
}

/** Those of `first`, and of `second` what has another name. */
function union<T extends { readonly name: string }>(
  first: readonly T[],
  second: readonly T[],
  join: (one: T, other: T) => T = (one) => one,
): readonly T[] {
  const joined = first.map((one) => {
    const other = named(second, one.name);
    return other === undefined ? one : join(one, other);
  });
  return [...joined, ...second.filter(({ name }) => named(first, name) === undefined)];
}

function unionOfLuns(first: readonly LunModel[], second: readonly LunModel[]): readonly LunModel[] {
  const taken = new Set(first.map(({ lun }) => lun));
  return [...first, ...second.filter(({ lun }) => !taken.has(lun))];
}

function unionOfNames(first: readonly string[], second: readonly string[]): readonly string[] {
  return [...first, ...second.filter((name) => !first.includes(name))];
}

function joinGroups(one: GroupModel, other: GroupModel): GroupModel {
  const initiators = unionOfNames(one.initiators, other.initiators);
  return { ...one, initiators, luns: unionOfLuns(one.luns, other.luns) };
}

function joinTargets(one: TargetModel, other: TargetModel): TargetModel {
  return {
    ...one,
    relTgtId: one.relTgtId === 0 ? other.relTgtId : one.relTgtId,
    luns: unionOfLuns(one.luns, other.luns),
    groups: union(one.groups, other.groups, joinGroups),
  };
}

function joinTargetGroups(one: TargetGroupModel, other: TargetGroupModel): TargetGroupModel {
  return { ...one, targets: union(one.targets, other.targets) };
}

function joinDeviceGroups(one: DeviceGroupModel, other: DeviceGroupModel): DeviceGroupModel {
  return {
    ...one,
    devices: unionOfNames(one.devices, other.devices),
    targetGroups: union(one.targetGroups, other.targetGroups, joinTargetGroups),
  };
}

/** What a server is to serve that has `said` applied to it: objects that it does not name stay. */
export function joined(said: ServerModel, now: ServerModel): ServerModel {
  return {
    ...said,
    portals: said.portals,
    devices: union(said.devices, now.devices),
    targets: union(said.targets, now.targets, joinTargets),
    deviceGroups: union(said.deviceGroups, now.deviceGroups, joinDeviceGroups),
  };
}

/** What the steps to `wanted` would do, without doing it. */
export function planned(administration: Administration, wanted: ServerModel): PlannedStep[] {
  return administration.plan(wanted).map((step) => ({
    what: step.what,
    sessions: concerned(administration, step).map(({ initiator }) => initiator),
  }));
}

/** The sessions whose LUNs a step changes. */
function concerned(administration: Administration, step: Step): SessionState[] {
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
