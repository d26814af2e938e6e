/** The device groups of a configuration: which devices are how accessible through which targets. */
import { ACCESS_STATE_NAMES, type AccessStateName } from "../scst/model.ts";
import {
  type Attribute,
  type AttributeTable,
  optional,
  readObject,
  required,
  type ScalarRule,
} from "./attribute.ts";
import { BOOLEAN } from "./boolean.ts";
import { collection } from "./collection.ts";
import { list } from "./list.ts";
import {
  DEVICE_GROUP_NAME_ALLOWED,
  isDeviceGroupName,
  isMemberName,
  MEMBER_NAME_ALLOWED,
} from "./names.ts";
import { describeNode } from "./node.ts";
import { oneOf, type Position, type ProblemList } from "./problem.ts";
import { RELATIVE_ID, type RelativeIdDraft, relativeIdOf } from "./relative_ids.ts";
import { wholeNumber } from "./whole_number.ts";

/** The name of a device or target, and where it is written. */
export interface NameDraft {
  readonly name: string;
  readonly nameAt: Position;
}

/** A target of a target group. */
export interface MemberDraft extends NameDraft {
  /** What is said of a target of another node; undefined where nothing is said. */
  readonly relTgtId: RelativeIdDraft | undefined;
}

export interface TargetGroupAttributes {
  group_id: number;
  state: AccessStateName;
  preferred: boolean;
  targets: readonly MemberDraft[];
}

export interface TargetGroupDraft {
  readonly name: string;
  readonly path: string;
  readonly values: Readonly<TargetGroupAttributes>;
  /** Where the values are that were taken. */
  readonly at: ReadonlyMap<keyof TargetGroupAttributes, Position>;
}

export interface DeviceGroupAttributes {
  devices: readonly NameDraft[];
  target_groups: readonly TargetGroupDraft[];
}

export interface DeviceGroupDraft {
  readonly name: string;
  readonly path: string;
  readonly values: Readonly<DeviceGroupAttributes>;
}

/** More devices in one group than this are a mistake. */
const MAX_DEVICES = 16384;

/** TARGET PORT COUNT has one byte (SPC-4 6.37). */
const MAX_TARGETS = 255;

const STATE: ScalarRule<AccessStateName> = {
  allowed: oneOf(ACCESS_STATE_NAMES),
  parse: ({ text }) => ACCESS_STATE_NAMES.find((name) => name === text),
};

const DEVICE: ScalarRule<NameDraft> = {
  allowed: "the name of a device",
  parse: ({ text, at }) => text === "" ? undefined : { name: text, nameAt: at },
};

const TARGET: ScalarRule<NameDraft> = {
  allowed: MEMBER_NAME_ALLOWED,
  parse: ({ text, at }) => isMemberName(text) ? { name: text, nameAt: at } : undefined,
};

const TARGET_NAMES = list<NameDraft>(TARGET, MAX_TARGETS);

const MEMBER: AttributeTable<{ rel_tgt_id: number | undefined }> = {
  rel_tgt_id: optional<number | undefined>(RELATIVE_ID, undefined),
};

/** The form with room for what is said of the targets of other nodes. */
const TARGET_MAP = collection<MemberDraft>(
  { allowed: MEMBER_NAME_ALLOWED, accepts: isMemberName },
  ({ key, keyAt, path, node }, problems) => {
    const relTgtId = relativeIdOf(readObject(MEMBER, node, path, problems), keyAt);
    return { name: key, nameAt: keyAt, relTgtId };
  },
);

/** A list of names, or a map with them as its keys. */
const GROUP_TARGETS: Attribute<readonly MemberDraft[]> = {
  fallback: [],
  required: true,
  read: (node, path, problems) => {
    if (node.kind === "broken") return undefined;
    if (node.kind === "map" && node.entries.length > 0) {
      const members = TARGET_MAP.read(node, path, problems);
      if (node.entries.length <= MAX_TARGETS) return members;
      const what = `must have at most ${MAX_TARGETS} targets: it has ${node.entries.length}`;
      problems.add(node.at, path, what);
      return undefined;
    }
    if (node.kind === "list") {
      const names = TARGET_NAMES.read(node, path, problems);
      return names?.map((draft) => ({ ...draft, relTgtId: undefined }));
    }
    const what = "must be a list of names of targets, or a map with them as keys";
    const current = node.kind === "scalar" ? describeNode(node) : "empty";
    problems.add(node.at, path, `${what}: current value is ${current}`);
    return undefined;
  },
};

/** The keys of a target group. */
export const TARGET_GROUP: AttributeTable<TargetGroupAttributes> = {
  group_id: required<number>(wholeNumber(0, 65535), 0),
  state: optional<AccessStateName>(STATE, "active"),
  preferred: optional<boolean>(BOOLEAN, false),
  targets: GROUP_TARGETS,
};

const GROUP_NAME = { allowed: DEVICE_GROUP_NAME_ALLOWED, accepts: isDeviceGroupName };

/** The keys of a device group. */
export const DEVICE_GROUP: AttributeTable<DeviceGroupAttributes> = {
  devices: list<NameDraft>(DEVICE, MAX_DEVICES),
  target_groups: collection<TargetGroupDraft>(GROUP_NAME, ({ key, path, node }, problems) => {
    const { values, at } = readObject(TARGET_GROUP, node, path, problems);
    return { name: key, path, values, at };
  }),
};

/** The `device_groups` of a configuration. */
export const DEVICE_GROUPS = collection<DeviceGroupDraft>(
  GROUP_NAME,
  ({ key, path, node }, problems: ProblemList) => {
    const { values } = readObject(DEVICE_GROUP, node, path, problems);
    return { name: key, path, values };
  },
);
