/** The device groups of a shard, by name. */
import type { Report } from "../iscsi/node.ts";
import type { Device } from "../scst/device.ts";
import { DeviceGroup } from "../scst/device_group.ts";
import type { AccessStateName, DeviceGroupModel, TargetGroupChange } from "../scst/model.ts";
import type { DeviceFinder } from "../scst/target.ts";
import type { TargetGroup } from "../scst/target_group.ts";
import type { Loop } from "./loop.ts";
import { OperationError } from "./operation_error.ts";

export class DeviceGroups {
  #groups = new Map<string, DeviceGroup>();
  #loop: Loop;
  #report: Report;

  /** `report` takes lines for the log. */
  constructor(loop: Loop, report: Report) {
    this.#loop = loop;
    this.#report = report;
  }

  /**
   * Makes the group of the model's name what the model says, or adds it. Throws an OperationError when a
   * device of it is not there or is in another group.
   */
  set(model: DeviceGroupModel, deviceOf: DeviceFinder): void {
    const devices = model.devices.map(deviceOf);
    const existing = this.#groups.get(model.name);
    for (const { group, disk } of devices) {
      if (group === undefined || group === existing) continue;
      const { name } = disk.settings;
      throw new OperationError(`Device '${name}' is in device group '${group.name}' already`);
    }
    if (existing !== undefined) return existing.change(model, devices);
    const group: DeviceGroup = new DeviceGroup(model, devices, {
      lookIn: (milliseconds) => this.#loop.after(milliseconds, () => group.look(performance.now())),
      report: (line) => this.#report("info", line),
    });
    this.#groups.set(model.name, group);
  }

  /** Removes a group: its devices are in none any more. Throws an OperationError if it is not there. */
  remove(name: string): void {
    this.#get(name).end();
    this.#groups.delete(name);
  }

  /** Changes a target group of a group, both named. Throws an OperationError if one is not there. */
  alter(name: string, targetGroup: string, change: TargetGroupChange): void {
    this.#get(name).alter(this.#targetGroup(name, targetGroup), change);
  }

  /** The access state of a target group of a group. Throws an OperationError if one is not there. */
  stateOf(name: string, targetGroup: string): AccessStateName {
    return this.#targetGroup(name, targetGroup).state.name;
  }

  #targetGroup(name: string, targetGroup: string): TargetGroup {
    const found = this.#get(name).findName(targetGroup);
    if (found !== undefined) return found;
    throw new OperationError(`There is no target group '${targetGroup}' in '${name}'`);
  }

  /** A device will be gone. */
  forget(device: Device): void {
    device.group?.remove(device);
  }

  #get(name: string): DeviceGroup {
    const group = this.#groups.get(name);
    if (group === undefined) throw new OperationError(`There is no device group '${name}'`);
    return group;
  }
}
