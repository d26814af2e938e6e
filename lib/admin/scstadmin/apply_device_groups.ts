/** The device groups of a configuration, and what holds for all of them (ALUA). */
import {
  addDeviceGroup,
  addGroupTarget,
  addMember,
  addTargetGroup,
  deleteDeviceGroup,
  deleteGroupTarget,
  deleteMember,
  deleteTargetGroup,
} from "./device_commands.ts";
import type { Command } from "./command.ts";
import { ALUA, deviceGroupOwner, groupTargetOwner, targetGroupOwner } from "./owners.ts";
import type { Running } from "./running.ts";
import type { Session } from "./session.ts";
import { setAttributes } from "./set_attributes.ts";
import type { Wanted, WantedDeviceGroup, WantedTargetGroup } from "./wanted.ts";

/** Returns the number of changes. Rejects with Fatal and TreeError. */
export async function applyDeviceGroups(
  session: Session,
  wanted: Wanted,
  running: Running,
): Promise<number> {
  let changes = await setAttributes(session, ALUA, wanted.alua);
  changes += await removeOthers(session, wanted, running);
  for (const [group, one] of wanted.deviceGroups) {
    changes += await applyDeviceGroup(session, group, one, running);
  }
  return changes;
}

async function applyDeviceGroup(
  session: Session,
  group: string,
  { devices, targetGroups, attributes }: WantedDeviceGroup,
  running: Running,
): Promise<number> {
  const there = running.deviceGroups.get(group);
  let changes = 0;
  if (there === undefined) {
    await session.must(`Adding device group '${group}'`, addDeviceGroup(group));
    changes++;
  }
  for (const device of devices) {
    if (there?.devices.includes(device)) continue;
    const what = `Adding device '${device}' to device group '${group}'`;
    await session.must(what, addMember(group, device));
    changes++;
  }
  for (const [name, one] of targetGroups) {
    changes += await applyTargetGroup(session, group, name, one, there?.targetGroups.get(name));
  }
  return changes + await setAttributes(session, deviceGroupOwner(group), attributes);
}

async function applyTargetGroup(
  session: Session,
  group: string,
  name: string,
  { targets, attributes }: WantedTargetGroup,
  running: readonly string[] | undefined,
): Promise<number> {
  let changes = 0;
  if (running === undefined) {
    const what = `Adding target group '${name}' to device group '${group}'`;
    await session.must(what, addTargetGroup(group, name));
    changes++;
  }
  for (const [target, values] of targets) {
    if (!running?.includes(target)) {
      const what = `Adding target '${target}' to target group '${group}/${name}'`;
      await session.must(what, addGroupTarget(group, name, target));
      changes++;
    }
    changes += await setAttributes(session, groupTargetOwner(group, name, target), values);
  }
  return changes + await setAttributes(session, targetGroupOwner(group, name), attributes);
}

async function removeOthers(session: Session, wanted: Wanted, running: Running): Promise<number> {
  let changes = 0;
  const remove = async (what: string, command: Command) => {
    if (session.flags.force) {
      await session.must(`Removing ${what}`, command);
      changes++;
    } else {
      session.say(`${what} is not in the configuration. Use -force to remove it.`);
    }
  };
  for (const [group, { devices, targetGroups }] of running.deviceGroups) {
    const goal = wanted.deviceGroups.get(group);
    if (goal === undefined) {
      await remove(`device group '${group}'`, deleteDeviceGroup(group));
      continue;
    }
    for (const device of devices) {
      if (goal.devices.has(device)) continue;
      await remove(`device '${device}' of device group '${group}'`, deleteMember(group, device));
    }
    for (const [name, targets] of targetGroups) {
      const inner = goal.targetGroups.get(name);
      const title = `target group '${group}/${name}'`;
      if (inner === undefined) {
        await remove(title, deleteTargetGroup(group, name));
        continue;
      }
      for (const target of targets) {
        if (inner.targets.has(target)) continue;
        await remove(`target '${target}' of ${title}`, deleteGroupTarget(group, name, target));
      }
    }
  }
  return changes;
}
