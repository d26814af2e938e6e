/**
 * Changes of the model, one object at a time: each takes a model and gives the next one, or throws a
 * TreeError that says what stands in the way.
 */
import { quote } from "../config/problem.ts";
import type { DeviceModel, ServerModel, TargetModel } from "../scst/model.ts";
import { named, withItem, withoutItem } from "./named.ts";
import { TreeError } from "./tree.ts";

/** The device of a name. Throws EINVAL. */
export function deviceOf(model: ServerModel, name: string): DeviceModel {
  const device = named(model.devices, name);
  if (device !== undefined) return device;
  throw new TreeError("EINVAL", `There is no device ${quote(name)}`);
}

/** The target of a name, which is case-insensitive. Throws ENOENT. */
export function targetOf(model: ServerModel, name: string): TargetModel {
  const target = named(model.targets, name.toLowerCase());
  if (target !== undefined) return target;
  throw new TreeError("ENOENT", `There is no target ${quote(name)}`);
}

/** Changes a device that is there; one that is gone meanwhile stays so. */
export function withDevice(
  model: ServerModel,
  name: string,
  change: (device: DeviceModel) => DeviceModel,
): ServerModel {
  const device = named(model.devices, name);
  if (device === undefined) return model;
  return { ...model, devices: withItem(model.devices, change(device)) };
}

/** Changes a target that is there; one that is gone meanwhile stays so. */
export function withTarget(
  model: ServerModel,
  name: string,
  change: (target: TargetModel) => TargetModel,
): ServerModel {
  const target = named(model.targets, name);
  if (target === undefined) return model;
  return { ...model, targets: withItem(model.targets, change(target)) };
}

/** Takes a device away, with its LUNs everywhere and its place in a device group. Throws EINVAL. */
export function withoutDevice(model: ServerModel, name: string): ServerModel {
  deviceOf(model, name);
  const isOther = ({ device }: { readonly device: string }) => device !== name;
  const targets = model.targets.map((target) => {
    const uses = [target, ...target.groups].some(({ luns }) => !luns.every(isOther));
    if (!uses) return target;
    const groups = target.groups.map((group) => ({ ...group, luns: group.luns.filter(isOther) }));
    return { ...target, luns: target.luns.filter(isOther), groups };
  });
  const deviceGroups = model.deviceGroups.map((group) =>
    group.devices.includes(name)
      ? { ...group, devices: group.devices.filter((device) => device !== name) }
      : group
  );
  return { ...model, devices: withoutItem(model.devices, name), targets, deviceGroups };
}
