/** Which attributes of a device change while it is there, and who sees that. */
import { isDeepStrictEqual } from "node:util";
import type { DeviceModel } from "../scst/model.ts";

/** What initiators have taken for granted since they found the device; under SCST's names. */
const LASTING: Readonly<Partial<Record<keyof DeviceModel, string>>> = {
  handler: "handler",
  blocksize: "blocksize",
  readOnly: "read_only",
  thinProvisioned: "thin_provisioned",
  rotational: "rotational",
  removable: "removable",
  writeThrough: "write_through",
  nvCache: "nv_cache",
  oDirect: "o_direct",
  tst: "tst",
  dummy: "dummy",
};

/** What INQUIRY data and its pages show. */
const SHOWN: readonly (keyof DeviceModel)[] = ["ids", "texts", "optTransLen"];

/**
 * SCST's name of an attribute that a device has for its life: with another value it is another device.
 * undefined if all of them are the same.
 */
export function lastingAttributeOf(before: DeviceModel, after: DeviceModel): string | undefined {
  const entries = Object.entries(LASTING) as [keyof DeviceModel, string][];
  return entries.find(([key]) => before[key] !== after[key])?.[1];
}

/** SCST's name of an attribute that is another one and cannot be changed; undefined if there is none. */
export function fixedAttributeOf(before: DeviceModel, after: DeviceModel): string | undefined {
  // Its memory is as large as it was made, and another device would not have what is in it.
  if (after.handler === "vdisk_ram" && before.size !== after.size) return "size";
  return lastingAttributeOf(before, after);
}

/** Whether INQUIRY shows another device; `isInGroup` says that it has target groups. */
export function isShownOtherwise(
  before: DeviceModel,
  after: DeviceModel,
  isInGroup: boolean,
): boolean {
  return SHOWN.some((key) => !isDeepStrictEqual(before[key], after[key])) ||
    isInGroup && before.explAlua !== after.explAlua; // TPGS
}

/** Whether the backing store of a device is to be open. */
export function isActive({ active, dummy }: DeviceModel): boolean {
  return active !== false && dummy !== true;
}
