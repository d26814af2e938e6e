/** The commands for devices and for device groups. */
import { type Command, given, missing, there } from "./command.ts";
import { Code } from "./error_codes.ts";
import {
  DEVICE_GROUPS,
  deviceGroupPath,
  devicePath,
  handlerPath,
  targetGroupPath,
} from "./paths.ts";

/** Names and values of parameters. */
export type Parameters = ReadonlyMap<string, readonly string[]>;

/** Parameters as they stand in a command, each with a semicolon behind it. */
export function parameterText(parameters: Parameters): string {
  // SCST looks at the others before it joins the cluster.
  const last = "cluster_mode";
  const sorted = [...parameters].sort(([a], [b]) => Number(a === last) - Number(b === last));
  return sorted.flatMap(([name, values]) => values.map((value) => `${name}=${value};`)).join("");
}

export function addDevice(handler: string, device: string, parameters: Parameters): Command {
  return {
    path: `${handlerPath(handler)}/mgmt`,
    text: `add_device ${device} ${parameterText(parameters)}`,
    probes: [
      missing(handlerPath(handler), Code.NO_HANDLER),
      there(devicePath(device), Code.DEVICE_EXISTS),
    ],
    otherwise: Code.DEVICE_OPEN,
  };
}

export function deleteDevice(handler: string, device: string): Command {
  return {
    path: `${handlerPath(handler)}/mgmt`,
    text: `del_device ${device}`,
    probes: [
      missing(handlerPath(handler), Code.NO_HANDLER),
      missing(devicePath(device), Code.NO_DEVICE),
    ],
    otherwise: Code.DEVICE_CLOSE,
  };
}

export function addDeviceGroup(group: string): Command {
  return {
    path: `${DEVICE_GROUPS}/mgmt`,
    text: `create ${group}`,
    probes: [there(deviceGroupPath(group), Code.DEVICE_GROUP_EXISTS)],
    otherwise: Code.DEVICE_GROUP_ADD,
  };
}

export function deleteDeviceGroup(group: string): Command {
  return {
    path: `${DEVICE_GROUPS}/mgmt`,
    text: `del ${group}`,
    probes: [missing(deviceGroupPath(group), Code.NO_DEVICE_GROUP)],
    otherwise: Code.DEVICE_GROUP_REMOVE,
  };
}

export function addMember(group: string, device: string): Command {
  const path = `${deviceGroupPath(group)}/devices`;
  return {
    path: `${path}/mgmt`,
    text: `add ${device}`,
    probes: [
      missing(deviceGroupPath(group), Code.NO_DEVICE_GROUP),
      missing(devicePath(device), Code.NO_DEVICE),
      there(`${path}/${device}`, Code.MEMBER_EXISTS),
      {
        code: Code.MEMBER_ELSEWHERE,
        holds: async (client) => {
          for (const { kind, name } of await client.list(DEVICE_GROUPS)) {
            if (kind !== "directory") continue;
            const members = await client.list(`${deviceGroupPath(name)}/devices`);
            if (members.some((member) => member.name === device)) return true;
          }
          return false;
        },
      },
    ],
    otherwise: Code.MEMBER_ADD,
  };
}

export function deleteMember(group: string, device: string): Command {
  const path = `${deviceGroupPath(group)}/devices`;
  return {
    path: `${path}/mgmt`,
    text: `del ${device}`,
    probes: [
      missing(deviceGroupPath(group), Code.NO_DEVICE_GROUP),
      missing(`${path}/${device}`, Code.NO_MEMBER),
    ],
    otherwise: Code.MEMBER_REMOVE,
  };
}

export function addTargetGroup(group: string, targets: string): Command {
  return {
    path: `${deviceGroupPath(group)}/target_groups/mgmt`,
    text: `add ${targets}`,
    probes: [
      missing(deviceGroupPath(group), Code.NO_DEVICE_GROUP),
      there(targetGroupPath(group, targets), Code.TARGET_GROUP_EXISTS),
    ],
    otherwise: Code.TARGET_GROUP_ADD,
  };
}

export function deleteTargetGroup(group: string, targets: string): Command {
  return {
    path: `${deviceGroupPath(group)}/target_groups/mgmt`,
    text: `del ${targets}`,
    probes: [
      missing(deviceGroupPath(group), Code.NO_DEVICE_GROUP),
      missing(targetGroupPath(group, targets), Code.NO_TARGET_GROUP),
    ],
    otherwise: Code.TARGET_GROUP_REMOVE,
  };
}

export function addGroupTarget(group: string, targets: string, target: string): Command {
  const path = targetGroupPath(group, targets);
  return {
    path: `${path}/mgmt`,
    text: `add ${target}`,
    probes: [
      missing(deviceGroupPath(group), Code.NO_DEVICE_GROUP),
      missing(path, Code.NO_TARGET_GROUP),
      there(`${path}/${target}`, Code.GROUP_TARGET_EXISTS),
    ],
    otherwise: Code.GROUP_TARGET_ADD,
  };
}

export function deleteGroupTarget(group: string, targets: string, target: string): Command {
  const path = targetGroupPath(group, targets);
  return {
    path: `${path}/mgmt`,
    text: `del ${target}`,
    probes: [
      missing(deviceGroupPath(group), Code.NO_DEVICE_GROUP),
      missing(path, Code.NO_TARGET_GROUP),
      missing(`${path}/${target}`, Code.NO_GROUP_TARGET),
    ],
    otherwise: Code.GROUP_TARGET_REMOVE,
  };
}

/** `command` with one reason more to fail: a parameter that is not among the known ones. */
export function withUnknownParameters(
  command: Command,
  parameters: Parameters,
  known: ReadonlySet<string>,
  code: Code,
): Command {
  const isUnknown = [...parameters.keys()].some((name) => !known.has(name));
  return { ...command, probes: [...command.probes, given(isUnknown, code)] };
}
