/** The commands for targets, their LUNs, and their groups of initiators. */
import type { TreeClient } from "../tree_client.ts";
import { type Command, given, missing, type Probe, there } from "./command.ts";
import { type Parameters, parameterText } from "./device_commands.ts";
import { Code } from "./error_codes.ts";
import {
  devicePath,
  driverPath,
  groupPath,
  type GroupPlace,
  initiatorsPath,
  type LunPlace,
  lunsPath,
  targetPath,
} from "./paths.ts";

function driverProbes(driver: string): Probe[] {
  return [
    missing(driverPath(driver), Code.NO_DRIVER),
    missing(`${driverPath(driver)}/mgmt`, Code.DRIVER_FIXED),
  ];
}

function targetProbes({ driver, target, group }: LunPlace): Probe[] {
  const probes = [
    missing(driverPath(driver), Code.NO_DRIVER),
    missing(targetPath(driver, target), Code.NO_TARGET),
  ];
  if (group === undefined) return probes;
  return [...probes, missing(groupPath({ driver, target, group }), Code.NO_GROUP)];
}

export function addTarget(driver: string, target: string, parameters: Parameters): Command {
  return {
    path: `${driverPath(driver)}/mgmt`,
    text: `add_target ${target} ${parameterText(parameters)}`,
    probes: [
      ...driverProbes(driver),
      // Names of targets are compared without regard to case.
      { code: Code.TARGET_EXISTS, holds: (client) => hasTarget(client, driver, target) },
      given(parameters.size > 0, Code.TARGET_BAD_ATTRIBUTES),
    ],
    otherwise: Code.TARGET_ADD,
  };
}

async function hasTarget(client: TreeClient, driver: string, target: string): Promise<boolean> {
  const entries = await client.list(driverPath(driver));
  const name = target.toLowerCase();
  return entries.some((entry) => entry.kind === "directory" && entry.name.toLowerCase() === name);
}

export function deleteTarget(driver: string, target: string): Command {
  return {
    path: `${driverPath(driver)}/mgmt`,
    text: `del_target ${target}`,
    probes: [
      ...driverProbes(driver),
      missing(targetPath(driver, target), Code.NO_TARGET),
      {
        code: Code.TARGET_BUSY,
        holds: async (client) =>
          (await client.list(`${targetPath(driver, target)}/sessions`)).length > 0,
      },
    ],
    otherwise: Code.TARGET_REMOVE,
  };
}

/** Adds a value to an attribute of several values: of a target, or of the driver itself. */
export function addAttribute(
  driver: string,
  target: string | undefined,
  name: string,
  value: string,
): Command {
  const otherwise = target === undefined ? Code.DRIVER_ADD_ATTRIBUTE : Code.TARGET_ADD_ATTRIBUTE;
  return attributeCommand("add", driver, target, `${name} ${value}`, otherwise);
}

/** Removes a value from an attribute of several values. */
export function deleteAttribute(
  driver: string,
  target: string | undefined,
  name: string,
  value: string,
): Command {
  const otherwise = target === undefined
    ? Code.DRIVER_REMOVE_ATTRIBUTE
    : Code.TARGET_REMOVE_ATTRIBUTE;
  return attributeCommand("del", driver, target, `${name} ${value}`, otherwise);
}

function attributeCommand(
  word: "add" | "del",
  driver: string,
  target: string | undefined,
  setting: string,
  otherwise: Command["otherwise"],
): Command {
  const path = `${driverPath(driver)}/mgmt`;
  const probes = [...driverProbes(driver)];
  if (target === undefined) {
    return { path, text: `${word}_attribute ${setting}`, probes, otherwise };
  }
  probes.push(missing(targetPath(driver, target), Code.NO_TARGET));
  return { path, text: `${word}_target_attribute ${target} ${setting}`, probes, otherwise };
}

export function addLun(
  place: LunPlace,
  lun: string,
  device: string,
  parameters: Parameters,
): Command {
  const isOfGroup = place.group !== undefined;
  return {
    path: `${lunsPath(place)}/mgmt`,
    text: `add ${device} ${lun} ${parameterText(parameters)}`,
    probes: [
      ...targetProbes(place),
      missing(devicePath(device), Code.NO_DEVICE),
      there(
        `${lunsPath(place)}/${lun}`,
        isOfGroup ? Code.GROUP_LUN_EXISTS : Code.TARGET_LUN_EXISTS,
      ),
    ],
    otherwise: isOfGroup ? Code.GROUP_ADD_LUN : Code.TARGET_ADD_LUN,
  };
}

export function replaceLun(
  place: LunPlace,
  lun: string,
  device: string,
  parameters: Parameters,
): Command {
  return {
    path: `${lunsPath(place)}/mgmt`,
    text: `replace ${device} ${lun} ${parameterText(parameters)}`,
    probes: [...targetProbes(place), missing(devicePath(device), Code.NO_DEVICE)],
    otherwise: Code.LUN_REPLACE,
  };
}

export function deleteLun(place: LunPlace, lun: string): Command {
  const isOfGroup = place.group !== undefined;
  return {
    path: `${lunsPath(place)}/mgmt`,
    text: `del ${lun}`,
    probes: [
      ...targetProbes(place),
      missing(`${lunsPath(place)}/${lun}`, isOfGroup ? Code.GROUP_NO_LUN : Code.TARGET_NO_LUN),
    ],
    otherwise: Code.GROUP_REMOVE_LUN,
  };
}

export function clearLuns(place: LunPlace): Command {
  return {
    path: `${lunsPath(place)}/mgmt`,
    text: "clear",
    probes: targetProbes(place),
    otherwise: place.group === undefined ? Code.TARGET_CLEAR_LUNS : Code.GROUP_CLEAR_LUNS,
  };
}

export function addGroup(place: GroupPlace): Command {
  const { driver, target, group } = place;
  return {
    path: `${targetPath(driver, target)}/ini_groups/mgmt`,
    text: `create ${group}`,
    probes: [
      ...targetProbes({ driver, target }),
      there(groupPath(place), Code.GROUP_EXISTS),
    ],
    otherwise: Code.GROUP_ADD,
  };
}

export function deleteGroup(place: GroupPlace): Command {
  const { driver, target, group } = place;
  return {
    path: `${targetPath(driver, target)}/ini_groups/mgmt`,
    text: `del ${group}`,
    probes: targetProbes(place),
    otherwise: Code.GROUP_REMOVE,
  };
}

export function addInitiator(place: GroupPlace, pattern: string): Command {
  return {
    path: `${initiatorsPath(place)}/mgmt`,
    text: `add ${pattern}`,
    probes: [
      ...targetProbes(place),
      there(`${initiatorsPath(place)}/${pattern}`, Code.INITIATOR_EXISTS),
    ],
    otherwise: Code.INITIATOR_ADD,
  };
}

export function deleteInitiator(place: GroupPlace, pattern: string): Command {
  return {
    path: `${initiatorsPath(place)}/mgmt`,
    text: `del ${pattern}`,
    probes: [
      ...targetProbes(place),
      missing(`${initiatorsPath(place)}/${pattern}`, Code.NO_INITIATOR),
    ],
    otherwise: Code.INITIATOR_REMOVE,
  };
}

export function moveInitiator(place: GroupPlace, pattern: string, to: string): Command {
  const goal = { ...place, group: to };
  return {
    path: `${initiatorsPath(place)}/mgmt`,
    text: `move ${pattern} ${to}`,
    probes: [
      ...targetProbes(place),
      missing(groupPath(goal), Code.NO_GROUP),
      missing(`${initiatorsPath(place)}/${pattern}`, Code.NO_INITIATOR),
      there(`${initiatorsPath(goal)}/${pattern}`, Code.INITIATOR_EXISTS),
    ],
    otherwise: Code.INITIATOR_MOVE,
  };
}

export function clearInitiators(place: GroupPlace): Command {
  return {
    path: `${initiatorsPath(place)}/mgmt`,
    text: "clear",
    probes: targetProbes(place),
    otherwise: Code.INITIATOR_CLEAR,
  };
}
