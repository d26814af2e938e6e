/** `device_groups/`: devices, and how accessible they are through which targets (ALUA). */
import { number, SWITCH, word as oneWord } from "../config/c_text.ts";
import {
  DEVICE_GROUP_NAME_ALLOWED,
  isDeviceGroupName,
  isMemberName,
  MEMBER_NAME_ALLOWED,
} from "../config/names.ts";
import { quote } from "../config/problem.ts";
import {
  ACCESS_STATE_NAMES,
  type DeviceGroupModel,
  type GroupTargetModel,
  type ServerModel,
  type TargetGroupChange,
  type TargetGroupModel,
} from "../scst/model.ts";
import type { Administration } from "./administration.ts";
import { deviceOf } from "./edit.ts";
import { named, withItem, withoutItem } from "./named.ts";
import { changeable, digit, directory, link, valueText } from "./nodes.ts";
import { trimmed, valueBy } from "./text_value.ts";
import { refuse, type TreeDirectory, TreeError, type TreeFile, type TreeNode } from "./tree.ts";
import { commandOf, exactWords } from "./words.ts";

type Update<T> = (value: T) => T;

/** The words of a `mgmt` file whose commands name one thing each. */
interface Commands {
  /** Words that add, the first of which is the one that the help has. */
  readonly add: readonly string[];
  /** What is named, as in "DEVICE". */
  readonly noun: string;
  readonly added: (name: string) => Promise<void>;
  readonly deleted: (name: string) => Promise<void>;
}

function mgmt({ add, noun, added, deleted }: Commands): TreeFile {
  const [first = ""] = add;
  const help = [`Usage: echo "${first} ${noun}" >mgmt`, `       echo "del ${noun}" >mgmt`, ""];
  return changeable(() => help.join("\n"), async (text) => {
    const { word, rest } = commandOf(text);
    const isAdd = add.includes(word);
    if (!isAdd && word !== "del") {
      const forms = `${first} ${noun} or del ${noun}`;
      throw new TreeError("EINVAL", `${quote(word)} is no command here: ${forms}`);
    }
    const [name = ""] = exactWords(rest, 1, `${word} ${noun}`);
    await (isAdd ? added(name) : deleted(name));
  });
}

export function deviceGroupsDirectory(administration: Administration): TreeDirectory {
  const groups = () => administration.model.deviceGroups;
  return directory({
    mgmt: () =>
      mgmt({
        add: ["create", "add"],
        noun: "GROUP",
        added: (name) =>
          administration.change((model) => {
            checkName(name);
            if (named(model.deviceGroups, name) !== undefined) alreadyThere("device group", name);
            const group: DeviceGroupModel = { name, devices: [], targetGroups: [] };
            return { ...model, deviceGroups: [...model.deviceGroups, group] };
          }),
        deleted: (name) =>
          administration.change((model) => {
            if (named(model.deviceGroups, name) === undefined) notThere("device group", name);
            return { ...model, deviceGroups: withoutItem(model.deviceGroups, name) };
          }),
      }),
  }, {
    names: () => groups().map(({ name }) => name),
    lookup: (name) =>
      named(groups(), name) && deviceGroupDirectory(new GroupPlace(administration, name)),
  });
}

function checkName(name: string): void {
  if (isDeviceGroupName(name)) return;
  const what = `The name of a group must be ${DEVICE_GROUP_NAME_ALLOWED}`;
  throw new TreeError("EINVAL", `${what}: current value is ${quote(name)}`);
}

function alreadyThere(noun: string, name: string): never {
  throw new TreeError("EEXIST", `There is a ${noun} ${quote(name)} already`);
}

function notThere(noun: string, name: string): never {
  throw new TreeError("EINVAL", `There is no ${noun} ${quote(name)} here`);
}

/** A device group of the model, by its name; one that is gone meanwhile stays so. */
class GroupPlace {
  readonly administration: Administration;
  readonly name: string;

  constructor(administration: Administration, name: string) {
    this.administration = administration;
    this.name = name;
  }

  get group(): DeviceGroupModel {
    const { deviceGroups } = this.administration.model;
    return named(deviceGroups, this.name) ?? refuse("ENODEV", "The device group is gone");
  }

  change(update: (group: DeviceGroupModel, model: ServerModel) => DeviceGroupModel): Promise<void> {
    return this.administration.change((model) => {
      const group = named(model.deviceGroups, this.name);
      if (group === undefined) return model;
      return { ...model, deviceGroups: withItem(model.deviceGroups, update(group, model)) };
    });
  }

  /** Changes a target group also where the model says so already: initiators may have made it another. */
  async alterTargets(name: string, change: TargetGroupChange): Promise<void> {
    await this.changeTargets(name, (group) => ({ ...group, ...change }));
    await this.administration.changeTargetGroup(this.name, name, change);
  }

  changeTargets(name: string, update: Update<TargetGroupModel>): Promise<void> {
    return this.change((group) => {
      const targets = named(group.targetGroups, name);
      if (targets === undefined) return group;
      return { ...group, targetGroups: withItem(group.targetGroups, update(targets)) };
    });
  }
}

function deviceGroupDirectory(place: GroupPlace): TreeDirectory {
  return directory({
    devices: () => devicesDirectory(place),
    target_groups: () => targetGroupsDirectory(place),
  });
}

function devicesDirectory(place: GroupPlace): TreeDirectory {
  return directory({
    mgmt: () =>
      mgmt({
        add: ["add"],
        noun: "DEVICE",
        added: (name) =>
          place.change((group, model) => {
            deviceOf(model, name);
            const owner = model.deviceGroups.find(({ devices }) => devices.includes(name));
            if (owner !== undefined) {
              const what = `Device ${quote(name)} is in device group ${quote(owner.name)}`;
              throw new TreeError("EEXIST", `${what} already`);
            }
            return { ...group, devices: [...group.devices, name] };
          }),
        deleted: (name) =>
          place.change((group) => {
            if (!group.devices.includes(name)) notThere("device", name);
            return { ...group, devices: group.devices.filter((one) => one !== name) };
          }),
      }),
  }, {
    names: () => place.group.devices,
    lookup: (name) =>
      place.group.devices.includes(name) ? link(`../../../devices/${name}`) : undefined,
  });
}

function targetGroupsDirectory(place: GroupPlace): TreeDirectory {
  return directory({
    mgmt: () =>
      mgmt({
        add: ["create", "add"],
        noun: "TARGET_GROUP",
        added: (name) =>
          place.change((group) => {
            checkName(name);
            if (named(group.targetGroups, name) !== undefined) alreadyThere("target group", name);
            const targets: TargetGroupModel = {
              name,
              groupId: 0,
              state: "active",
              preferred: false,
              targets: [],
            };
            return { ...group, targetGroups: [...group.targetGroups, targets] };
          }),
        deleted: (name) =>
          place.change((group) => {
            if (named(group.targetGroups, name) === undefined) notThere("target group", name);
            return { ...group, targetGroups: withoutItem(group.targetGroups, name) };
          }),
      }),
  }, {
    names: () => place.group.targetGroups.map(({ name }) => name),
    lookup: (name) => named(place.group.targetGroups, name) && targetGroupDirectory(place, name),
  });
}

function targetGroupDirectory(place: GroupPlace, name: string): TreeDirectory {
  const get = () =>
    named(place.group.targetGroups, name) ?? refuse("ENODEV", "The target group is gone");
  return directory({
    mgmt: () =>
      mgmt({
        add: ["add"],
        noun: "TARGET",
        added: (target) => place.change((group, model) => withMember(group, name, target, model)),
        deleted: (target) =>
          place.changeTargets(name, (group) => {
            if (named(group.targets, target) === undefined) notThere("target", target);
            return { ...group, targets: withoutItem(group.targets, target) };
          }),
      }),
    group_id: () =>
      changeable(() => valueText(get().groupId, true), (text) => {
        const groupId = valueBy(number(1, 65535), "group_id", trimmed(text));
        return place.change((group) => withGroupId(group, name, groupId));
      }),
    preferred: () =>
      changeable(() => valueText(digit(get().preferred), get().preferred), (text) => {
        const preferred = valueBy(SWITCH, "preferred", trimmed(text));
        return place.alterTargets(name, { preferred });
      }),
    state: () =>
      changeable(async () => {
        const wanted = get().state;
        const now = await place.administration.engine.accessState(place.name, name);
        return valueText(now ?? wanted, true);
      }, (text) => {
        const state = valueBy(oneWord(ACCESS_STATE_NAMES), "state", trimmed(text));
        return place.alterTargets(name, { state });
      }),
  }, {
    names: () => get().targets.map((target) => target.name),
    lookup: (target) => {
      const member = named(get().targets, target);
      return member && memberNode(place, name, member);
    },
  });
}

/** A target of this node is a link to it; of one of another node its identifier is known. */
function memberNode(place: GroupPlace, group: string, { name }: GroupTargetModel): TreeNode {
  const { targets } = place.administration.model;
  if (named(targets, name) !== undefined) return link(`../../../../targets/iscsi/${name}`);
  const get = () => {
    const member = named(named(place.group.targetGroups, group)?.targets ?? [], name);
    return member ?? refuse("ENODEV", "The target is gone");
  };
  return directory({
    rel_tgt_id: () =>
      changeable(() => valueText(get().relTgtId, true), (text) => {
        const relTgtId = valueBy(number(1, 65535), "rel_tgt_id", trimmed(text));
        return place.changeTargets(group, (one) => {
          const member = named(one.targets, name);
          if (member === undefined) return one;
          return { ...one, targets: withItem(one.targets, { ...member, relTgtId }) };
        });
      }),
  });
}

function withMember(
  group: DeviceGroupModel,
  name: string,
  target: string,
  model: ServerModel,
): DeviceGroupModel {
  if (!isMemberName(target)) {
    const what = `The name of a target must be ${MEMBER_NAME_ALLOWED}`;
    throw new TreeError("EINVAL", `${what}: current value is ${quote(target)}`);
  }
  const targets = named(group.targetGroups, name);
  if (targets === undefined) return group;
  const owner = group.targetGroups.find((one) => named(one.targets, target) !== undefined);
  if (owner !== undefined) {
    const what = `Target ${quote(target)} is in target group ${quote(owner.name)}`;
    throw new TreeError("EEXIST", `${what} already`);
  }
  const local = named(model.targets, target);
  const member: GroupTargetModel = {
    name: target,
    relTgtId: local?.relTgtId ?? 0,
    isRemote: local === undefined,
  };
  const changed = { ...targets, targets: [...targets.targets, member] };
  return { ...group, targetGroups: withItem(group.targetGroups, changed) };
}

function withGroupId(group: DeviceGroupModel, name: string, groupId: number): DeviceGroupModel {
  const owner = group.targetGroups.find((one) => one.groupId === groupId && one.name !== name);
  if (owner !== undefined) {
    throw new TreeError("EINVAL", `group_id ${groupId} is that of target group ${owner.name}`);
  }
  const targets = named(group.targetGroups, name);
  if (targets === undefined) return group;
  return { ...group, targetGroups: withItem(group.targetGroups, { ...targets, groupId }) };
}
