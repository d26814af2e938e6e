/** The kinds of objects whose attributes can be set: where they are, and how values are written there. */
import type { TreeClient } from "../tree_client.ts";
import { Code } from "./error_codes.ts";
import { available, canAddTargets, type Heading } from "./mgmt_help.ts";
import {
  DEVICE_GROUPS,
  deviceGroupPath,
  devicePath,
  driverPath,
  groupPath,
  type GroupPlace,
  handlerPath,
  initiatorsPath,
  type LunPlace,
  lunsPath,
  placeText,
  targetGroupPath,
  targetPath,
} from "./paths.ts";
import type { AttributeOwner, DynamicAttributes } from "./set_attributes.ts";
import { addAttribute, deleteAttribute } from "./target_commands.ts";

export const ROOT: AttributeOwner = {
  path: "",
  title: "SCST",
  lineBreak: true,
  refused: Code.SET_ATTRIBUTE,
};

export const ALUA: AttributeOwner = {
  path: DEVICE_GROUPS,
  title: "ALUA",
  lineBreak: true,
  refused: Code.ALUA_SET_ATTRIBUTE,
};

export function handlerOwner(handler: string): AttributeOwner {
  return {
    path: handlerPath(handler),
    title: `handler ${handler}`,
    lineBreak: true,
    refused: Code.HANDLER_SET_ATTRIBUTE,
  };
}

export function deviceOwner(device: string): AttributeOwner {
  return {
    path: devicePath(device),
    title: `device ${device}`,
    lineBreak: false,
    refused: Code.DEVICE_SET_ATTRIBUTE,
  };
}

/** Rejects with a TreeError. */
export async function driverOwner(client: TreeClient, driver: string): Promise<AttributeOwner> {
  return {
    path: driverPath(driver),
    title: `driver ${driver}`,
    lineBreak: true,
    refused: Code.DRIVER_SET_ATTRIBUTE,
    dynamic: await dynamicAttributes(client, driver, undefined),
  };
}

/** Rejects with a TreeError. */
export async function targetOwner(
  client: TreeClient,
  driver: string,
  target: string,
): Promise<AttributeOwner> {
  return {
    path: targetPath(driver, target),
    title: `target ${driver}/${target}`,
    lineBreak: false,
    refused: Code.TARGET_SET_ATTRIBUTE,
    isFatal: true,
    dynamic: await dynamicAttributes(client, driver, target),
  };
}

/** The attributes with several values of a target, or of the driver itself. */
async function dynamicAttributes(
  client: TreeClient,
  driver: string,
  target: string | undefined,
): Promise<DynamicAttributes> {
  const heading: Heading = target === undefined ? "driverDynamic" : "targetDynamic";
  const names = await canAddTargets(client, driver)
    ? await available(client, driverPath(driver), heading)
    : new Set<string>();
  return {
    names,
    add: (name, value) => addAttribute(driver, target, name, value),
    remove: (name, value) => deleteAttribute(driver, target, name, value),
  };
}

export function groupOwner(place: GroupPlace): AttributeOwner {
  return {
    path: groupPath(place),
    title: `group ${placeText(place)}`,
    lineBreak: true,
    refused: Code.GROUP_SET_ATTRIBUTE,
  };
}

export function lunOwner(place: LunPlace, lun: string): AttributeOwner {
  return {
    path: `${lunsPath(place)}/${lun}`,
    title: `LUN ${lun} of ${placeText(place)}`,
    lineBreak: true,
    refused: Code.LUN_SET_ATTRIBUTE,
  };
}

export function initiatorOwner(place: GroupPlace, pattern: string): AttributeOwner {
  return {
    path: `${initiatorsPath(place)}/${pattern}`,
    title: `initiator ${pattern} of ${placeText(place)}`,
    lineBreak: true,
    refused: Code.INITIATOR_SET_ATTRIBUTE,
  };
}

export function deviceGroupOwner(group: string): AttributeOwner {
  return {
    path: deviceGroupPath(group),
    title: `device group ${group}`,
    lineBreak: true,
    refused: Code.DEVICE_GROUP_SET_ATTRIBUTE,
  };
}

export function targetGroupOwner(group: string, targets: string): AttributeOwner {
  return {
    path: targetGroupPath(group, targets),
    title: `target group ${group}/${targets}`,
    lineBreak: true,
    refused: Code.TARGET_GROUP_SET_ATTRIBUTE,
  };
}

export function groupTargetOwner(group: string, targets: string, target: string): AttributeOwner {
  return {
    path: `${targetGroupPath(group, targets)}/${target}`,
    title: `target ${target} of target group ${group}/${targets}`,
    lineBreak: true,
    refused: Code.GROUP_TARGET_SET_ATTRIBUTE,
  };
}
