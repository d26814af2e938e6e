/** What has to hold among device groups, and between them and the devices and targets that they name. */
import type { DeviceGroupDraft, MemberDraft, NameDraft, TargetGroupDraft } from "./device_group.ts";
import { nearestWord } from "./nearest.ts";
import { joinPath, type Position, type ProblemList, quote } from "./problem.ts";

const REMOTE_ADVICE = "one of another node needs its rel_tgt_id, as in NAME: {rel_tgt_id: 2}";

/** Where a name or a number was used first. */
interface Owner {
  readonly path: string;
  readonly at: Position;
}

/** Adds a problem for everything that SCST would refuse, given the names of devices and targets. */
export function checkDeviceGroups(
  groups: readonly DeviceGroupDraft[],
  devices: readonly string[],
  targets: readonly string[],
  problems: ProblemList,
): void {
  const knownDevices = new Set(devices);
  const knownTargets = new Set(targets);
  const owners = new Map<string, Owner>();
  for (const { path, values } of groups) {
    for (const device of values.devices) {
      const listPath = `${path}.devices`;
      if (knownDevices.has(device.name)) {
        claim(device, listPath, owners, "device in one device group only", problems);
      } else {
        addUnknown(device, listPath, "device", devices, [], problems);
      }
    }
    checkTargets(values.target_groups, knownTargets, targets, problems);
    checkGroupIds(values.target_groups, problems);
  }
}

function claim(
  { name, nameAt }: NameDraft,
  path: string,
  owners: Map<string, Owner>,
  rule: string,
  problems: ProblemList,
): void {
  const owner = owners.get(name);
  if (owner === undefined) owners.set(name, { path, at: nameAt });
  else {
    const place = `${owner.path} in line ${owner.at.line}`;
    problems.add(nameAt, path, `must have a ${rule}: ${quote(name)} is also in ${place}`);
  }
}

function addUnknown(
  { name, nameAt }: NameDraft,
  path: string,
  noun: string,
  known: readonly string[],
  advice: readonly string[],
  problems: ProblemList,
): void {
  const near = nearestWord(name, known);
  const hints = [...near === undefined ? [] : [`did you mean ${quote(near)}?`], ...advice];
  const tail = hints.length === 0 ? "" : `; ${hints.join(" ")}`;
  problems.add(nameAt, path, `must name ${noun}s: there is no ${noun} ${quote(name)}${tail}`);
}

function checkTargets(
  groups: readonly TargetGroupDraft[],
  known: ReadonlySet<string>,
  targets: readonly string[],
  problems: ProblemList,
): void {
  const owners = new Map<string, Owner>();
  for (const { path, values } of groups) {
    const listPath = `${path}.targets`;
    for (const member of values.targets) {
      if (known.has(member.name)) checkLocal(member, listPath, problems);
      else if (member.relTgtId === undefined) {
        addUnknown(member, listPath, "target", targets, [REMOTE_ADVICE], problems);
      }
      claim(member, listPath, owners, "target in one target group only", problems);
    }
  }
}

function checkLocal({ name, relTgtId }: MemberDraft, path: string, problems: ProblemList): void {
  if (relTgtId === undefined) return;
  const what = "must not be there: that of a target of this configuration is given where it is";
  problems.add(relTgtId.at, `${joinPath(path, name)}.rel_tgt_id`, what);
}

function checkGroupIds(groups: readonly TargetGroupDraft[], problems: ProblemList): void {
  const owners = new Map<number, Owner>();
  for (const { path, values, at } of groups) {
    const place = at.get("group_id");
    if (place === undefined) continue;
    if (values.group_id === 0) continue; // it has none yet, as in SCST
    const owner = owners.get(values.group_id);
    if (owner === undefined) {
      owners.set(values.group_id, { path, at: place });
      continue;
    }
    const what = "must be that of one target group of the device group only";
    const other = `${owner.path} in line ${owner.at.line}`;
    problems.add(place, `${path}.group_id`, `${what}: ${values.group_id} is that of ${other}`);
  }
}
