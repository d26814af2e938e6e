/** Devices and targets as they are there where they cannot be served, and as they were meant. */
import type { DeviceModel, TargetModel } from "../scst/model.ts";

/** A device without what is behind it: a disk that is not active, or an empty drive. */
export function closedDevice({ filename, ...device }: DeviceModel): DeviceModel {
  if (device.handler === "vcdrom") return device;
  return { ...device, ...(filename === undefined ? {} : { filename }), active: false };
}

/** Whether there is nothing behind a device. */
export function isClosed({ handler, active, filename }: DeviceModel): boolean {
  return handler === "vcdrom" ? filename === undefined : active === false;
}

/** A device as it was meant before it could not be opened. */
export function openedDevice({ active: _, ...device }: DeviceModel, filename: string): DeviceModel {
  return { filename, ...device };
}

/** A target that initiators may log in to, or not. */
export function withEnabled(target: TargetModel, enabled: boolean): TargetModel {
  return { ...target, attributes: { ...target.attributes, enabled } };
}
