/** Where the objects of SCST are in the management tree. */

/** A set of LUNs belongs to a target or to one of its groups. */
export interface LunPlace {
  readonly driver: string;
  readonly target: string;
  readonly group?: string | undefined;
}

export interface GroupPlace extends LunPlace {
  readonly group: string;
}

export function handlerPath(handler: string): string {
  return `handlers/${handler}`;
}

export function devicePath(device: string): string {
  return `devices/${device}`;
}

export function driverPath(driver: string): string {
  return `targets/${driver}`;
}

export function targetPath(driver: string, target: string): string {
  return `targets/${driver}/${target}`;
}

export function groupPath({ driver, target, group }: GroupPlace): string {
  return `${targetPath(driver, target)}/ini_groups/${group}`;
}

/** The directory `luns`. */
export function lunsPath(place: LunPlace): string {
  const { driver, target, group } = place;
  const owner = group === undefined ? targetPath(driver, target) : groupPath({ ...place, group });
  return `${owner}/luns`;
}

/** The directory `initiators`. */
export function initiatorsPath(place: GroupPlace): string {
  return `${groupPath(place)}/initiators`;
}

export const DEVICE_GROUPS = "device_groups";

export function deviceGroupPath(group: string): string {
  return `${DEVICE_GROUPS}/${group}`;
}

export function targetGroupPath(group: string, targets: string): string {
  return `${deviceGroupPath(group)}/target_groups/${targets}`;
}

/** How messages name a set of LUNs or a group: `iscsi/TARGET/GROUP`. */
export function placeText({ driver, target, group }: LunPlace): string {
  return [driver, target, ...group === undefined ? [] : [group]].join("/");
}

/**
 * The driver of SCST that copies between devices. Each device is a LUN of it by itself, as long as it
 * is there, at a number that nobody chooses: configurations name these LUNs, but do not make them.
 */
export const COPY_MANAGER = "copy_manager";
