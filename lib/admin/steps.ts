/**
 * The way from one model to another: operations on single objects, in an order in which everything is
 * there as long as something refers to it.
 */
import { isDeepStrictEqual } from "node:util";
import {
  type DeviceGroupModel,
  type DeviceModel,
  formatPortal,
  type GroupModel,
  type GroupTargetModel,
  type LunModel,
  type ServerModel,
  type TargetModel,
} from "../scst/model.ts";
import type { Engine, LunChangeOptions, Outcome } from "./engine.ts";
import { named, withItem, withoutItem } from "./named.ts";

/** One operation on one object. */
export interface Step {
  /** What it does, as in "add device disk1". */
  readonly what: string;
  /** Where a configuration says what it changes: the key of a section, and the name of an object in it. */
  readonly place?: readonly string[];
  /** The target whose sessions it may touch. */
  readonly target?: string;
  /** The device that it adds. */
  readonly device?: DeviceModel;
  /** The target that it adds. */
  readonly newTarget?: TargetModel;
  run(engine: Engine): Outcome;
  /** The model of a server that has done it. */
  done(model: ServerModel): ServerModel;
}

/**
 * The steps from `before` to `after`. A device that cannot become what it is to be is made anew:
 * `mustRemake` tells.
 */
export function stepsBetween(
  before: ServerModel,
  after: ServerModel,
  mustRemake: (before: DeviceModel, after: DeviceModel) => boolean,
  options: LunChangeOptions = {},
): Step[] {
  if (before === after) return [];
  // Most changes are of one object among thousands: what is the same list need not be gone through.
  const areSame = before.devices === after.devices;
  const remade = new Set(
    areSame ? [] : after.devices.filter((device) => {
      const old = named(before.devices, device.name);
      return old !== undefined && old !== device && mustRemake(old, device);
    }).map(({ name }) => name),
  );
  /** Whether a device goes before another one of its name comes, or for good. */
  const goes = (name: string) => remade.has(name) || named(after.devices, name) === undefined;
  const leaving = areSame ? [] : before.devices.filter(({ name }) => goes(name));
  const isLoss = leaving.length > 0;
  return [
    ...rootSteps(before, after),
    ...driverSteps(before, after),
    ...groupsThatLose(before, after, goes),
    ...targetsThatGo(before, after),
    ...(isLoss ? targetsThatLose(before, after, goes, options) : []),
    ...leaving.map(removeDevice),
    ...deviceSteps(before, after, remade),
    ...targetSteps(before, after, isLoss ? goes : undefined, options),
    ...groupSteps(before, after, goes),
    ...portalSteps(before, after),
  ];
}

function differ(one: unknown, other: unknown): boolean {
  return one !== other && !isDeepStrictEqual(one, other);
}

/** What is only kept, at the root and of the copy manager. */
function rootSteps(before: ServerModel, after: ServerModel): Step[] {
  const run = () => Promise.resolve(undefined);
  const { setupId = 0, kept = {}, copyManager = {} } = after;
  const steps: Step[] = [];
  if ((before.setupId ?? 0) !== setupId || differ(before.kept ?? {}, kept)) {
    const done = (model: ServerModel) => ({ ...model, setupId, kept });
    steps.push({ what: "change the attributes of scst", place: ["scst"], run, done });
  }
  if (differ(before.copyManager ?? {}, copyManager)) {
    const done = (model: ServerModel) => ({ ...model, copyManager });
    const place = ["copy_manager"];
    steps.push({ what: "change the attributes of copy_manager", place, run, done });
  }
  return steps;
}

function driverSteps(before: ServerModel, { driver }: ServerModel): Step[] {
  if (!differ(before.driver, driver)) return [];
  return [{
    what: "change the attributes of iscsi",
    place: ["iscsi"],
    run: (engine) => engine.setDriver(driver),
    done: (model) => ({ ...model, driver }),
  }];
}

/** A device group without what goes; the same one if nothing of it does. */
function leftOfGroup(
  group: DeviceGroupModel,
  after: ServerModel,
  goes: (device: string) => boolean,
): DeviceGroupModel {
  const stays = ({ name, isRemote }: GroupTargetModel) =>
    isRemote || named(after.targets, name) !== undefined;
  const left: DeviceGroupModel = {
    ...group,
    devices: group.devices.filter((name) => !goes(name)),
    targetGroups: group.targetGroups.map((one) => ({ ...one, targets: one.targets.filter(stays) })),
  };
  return differ(group, left) ? left : group;
}

/** Device groups that go, or let go of what goes: the rest of what they become waits for its members. */
function groupsThatLose(
  before: ServerModel,
  after: ServerModel,
  goes: (device: string) => boolean,
): Step[] {
  return before.deviceGroups.flatMap((group): Step[] => {
    if (named(after.deviceGroups, group.name) === undefined) return [removeDeviceGroup(group)];
    const left = leftOfGroup(group, after, goes);
    return left === group ? [] : [setDeviceGroup("change", left)];
  });
}

function targetsThatGo(before: ServerModel, after: ServerModel): Step[] {
  if (before.targets === after.targets) return [];
  return before.targets
    .filter(({ name }) => named(after.targets, name) === undefined)
    .map(({ name }) => ({
      what: `remove target ${name}`,
      target: name,
      run: (engine) => engine.removeTarget(name),
      done: (model) => ({ ...model, targets: withoutItem(model.targets, name) }),
    }));
}

/** Targets let go of the LUNs whose device goes. */
function targetsThatLose(
  before: ServerModel,
  after: ServerModel,
  goes: (device: string) => boolean,
  options: LunChangeOptions,
): Step[] {
  return before.targets.flatMap((target): Step[] => {
    if (named(after.targets, target.name) === undefined) return [];
    const left = leftOfTarget(target, goes);
    return left === target ? [] : [setTarget("take LUNs from", left, options)];
  });
}

/** A target without the LUNs of what goes; the same one if it has none of them. */
function leftOfTarget(target: TargetModel, goes: (device: string) => boolean): TargetModel {
  const stays = ({ device }: LunModel) => !goes(device);
  if ([target, ...target.groups].every(({ luns }) => luns.every(stays))) return target;
  const groups = target.groups.map((group): GroupModel => ({
    ...group,
    luns: group.luns.filter(stays),
  }));
  return { ...target, luns: target.luns.filter(stays), groups };
}

function removeDevice({ name }: DeviceModel): Step {
  return {
    what: `remove device ${name}`,
    run: (engine) => engine.removeDevice(name),
    done: (model) => ({ ...model, devices: withoutItem(model.devices, name) }),
  };
}

function deviceSteps(
  before: ServerModel,
  after: ServerModel,
  remade: ReadonlySet<string>,
): Step[] {
  if (before.devices === after.devices) return [];
  return after.devices.flatMap((device): Step[] => {
    const { name } = device;
    const old = remade.has(name) ? undefined : named(before.devices, name);
    const done = (model: ServerModel) => ({ ...model, devices: withItem(model.devices, device) });
    if (old === undefined) {
      const run = (engine: Engine) => engine.addDevice(device);
      return [{ what: `add device ${name}`, device, run, done }];
    }
    if (!differ(old, device)) return [];
    const run = (engine: Engine) => engine.changeDevice(device);
    return [{ what: `change device ${name}`, place: ["devices", name], run, done }];
  });
}

/** `goes` says which devices go; undefined if none does. */
function targetSteps(
  before: ServerModel,
  after: ServerModel,
  goes: ((device: string) => boolean) | undefined,
  options: LunChangeOptions,
): Step[] {
  if (goes === undefined && before.targets === after.targets) return [];
  return after.targets.flatMap((target): Step[] => {
    const old = named(before.targets, target.name);
    if (old === undefined) {
      return [{ ...setTarget("add", target, options), newTarget: target }];
    }
    const left = goes === undefined ? old : leftOfTarget(old, goes);
    return differ(left, target) ? [setTarget("change", target, options)] : [];
  });
}

function setTarget(verb: string, target: TargetModel, options: LunChangeOptions): Step {
  return {
    what: `${verb} target ${target.name}`,
    place: ["targets", target.name],
    target: target.name,
    run: (engine) => engine.setTarget(target, options),
    done: (model) => ({ ...model, targets: withItem(model.targets, target) }),
  };
}

function groupSteps(
  before: ServerModel,
  after: ServerModel,
  goes: (device: string) => boolean,
): Step[] {
  return after.deviceGroups.flatMap((group): Step[] => {
    const old = named(before.deviceGroups, group.name);
    if (old === undefined) return [setDeviceGroup("add", group)];
    const left = leftOfGroup(old, after, goes);
    return differ(left, group) ? [setDeviceGroup("change", group)] : [];
  });
}

function setDeviceGroup(verb: string, group: DeviceGroupModel): Step {
  return {
    what: `${verb} device group ${group.name}`,
    place: ["device_groups", group.name],
    run: (engine) => engine.setDeviceGroup(group),
    done: (model) => ({ ...model, deviceGroups: withItem(model.deviceGroups, group) }),
  };
}

function removeDeviceGroup({ name }: DeviceGroupModel): Step {
  return {
    what: `remove device group ${name}`,
    run: (engine) => engine.removeDeviceGroup(name),
    done: (model) => ({ ...model, deviceGroups: withoutItem(model.deviceGroups, name) }),
  };
}

function portalSteps(before: ServerModel, after: ServerModel): Step[] {
  const texts = (model: ServerModel) => model.portals.map(formatPortal);
  const gone = before.portals.filter((portal) => !texts(after).includes(formatPortal(portal)));
  const added = after.portals.filter((portal) => !texts(before).includes(formatPortal(portal)));
  const without = (model: ServerModel, text: string) =>
    model.portals.filter((portal) => formatPortal(portal) !== text);
  return [
    ...gone.map((portal): Step => ({
      what: `remove portal ${formatPortal(portal)}`,
      run: (engine) => engine.removePortal(portal),
      done: (model) => ({ ...model, portals: without(model, formatPortal(portal)) }),
    })),
    ...added.map((portal): Step => ({
      what: `add portal ${formatPortal(portal)}`,
      run: (engine) => engine.addPortal(portal),
      done: (model) => ({ ...model, portals: [...model.portals, portal] }),
    })),
  ];
}
