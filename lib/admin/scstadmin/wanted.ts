/** What an scst.conf asks for: its tree by the names of the objects. */
import { type ConfSection, sectionsOf } from "../../config/scst_conf/section.ts";

/** The values of each attribute, none of them twice. */
export type Values = Map<string, string[]>;

export interface WantedLun {
  readonly device: string;
  readonly attributes: Values;
}

export interface WantedGroup {
  readonly luns: Map<string, WantedLun>;
  readonly initiators: readonly string[];
  readonly attributes: Values;
}

export interface WantedTarget {
  readonly isHardware: boolean;
  readonly luns: Map<string, WantedLun>;
  readonly groups: ReadonlyMap<string, WantedGroup>;
  readonly attributes: Values;
}

export interface WantedHandler {
  /** The attributes of each device. */
  readonly devices: Map<string, Values>;
  readonly attributes: Values;
}

export interface WantedDriver {
  readonly targets: ReadonlyMap<string, WantedTarget>;
  readonly attributes: Values;
}

export interface WantedTargetGroup {
  /** The attributes of each target. */
  readonly targets: ReadonlyMap<string, Values>;
  readonly attributes: Values;
}

export interface WantedDeviceGroup {
  readonly devices: Set<string>;
  readonly targetGroups: ReadonlyMap<string, WantedTargetGroup>;
  readonly attributes: Values;
}

/** Sorted by name, as scstadmin goes through them. */
export interface Wanted {
  readonly attributes: Values;
  readonly handlers: Map<string, WantedHandler>;
  readonly drivers: ReadonlyMap<string, WantedDriver>;
  readonly alua: Values;
  readonly deviceGroups: ReadonlyMap<string, WantedDeviceGroup>;
}

export function wantedOf(file: ConfSection): Wanted {
  const [alua] = sectionsOf(file, "ALUA");
  return {
    attributes: valuesOf(file),
    handlers: byName(file, "HANDLER", (handler) => ({
      devices: byName(handler, "DEVICE", valuesOf),
      attributes: valuesOf(handler),
    })),
    drivers: byName(file, "TARGET_DRIVER", (driver) => ({
      targets: byName(driver, "TARGET", wantedTarget),
      attributes: valuesOf(driver),
    })),
    alua: alua === undefined ? new Map() : valuesOf(alua),
    deviceGroups: byName(file, "DEVICE_GROUP", (group) => ({
      devices: new Set(byName(group, "DEVICE", valuesOf).keys()),
      targetGroups: byName(group, "TARGET_GROUP", (targets) => ({
        targets: byName(targets, "TARGET", valuesOf),
        attributes: valuesOf(targets),
      })),
      attributes: valuesOf(group),
    })),
  };
}

function wantedTarget(target: ConfSection): WantedTarget {
  return {
    isHardware: sectionsOf(target, "HW_TARGET").length > 0,
    luns: wantedLuns(target),
    groups: byName(target, "GROUP", (group) => ({
      luns: wantedLuns(group),
      // Their order is that of the file: it says nothing, but people look for it.
      initiators: sectionsOf(group, "INITIATOR").map(({ names: [pattern = ""] }) => pattern),
      attributes: valuesOf(group),
    })),
    attributes: valuesOf(target),
  };
}

function wantedLuns(owner: ConfSection): Map<string, WantedLun> {
  const luns = sectionsOf(owner, "LUN").map((section) => {
    const [lun = "", device = ""] = section.names;
    return [String(Number(lun)), { device, attributes: valuesOf(section) }] as const;
  });
  return new Map(luns.toSorted(([a], [b]) => Number(a) - Number(b)));
}

function valuesOf({ attributes }: ConfSection): Values {
  const values: Values = new Map();
  for (const { name, value } of attributes) {
    const before = values.get(name) ?? [];
    if (!before.includes(value)) before.push(value);
    values.set(name, before);
  }
  return values;
}

function byName<T>(
  owner: ConfSection,
  keyword: string,
  read: (section: ConfSection) => T,
): Map<string, T> {
  const found = sectionsOf(owner, keyword).map((section) =>
    [section.names[0] ?? "", read(section)] as const
  );
  return new Map(found.toSorted(([a], [b]) => a < b ? -1 : 1));
}
