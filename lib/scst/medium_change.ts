/** The medium of a device comes or goes: who does it, and who hears of it. */
import { Sense } from "../scsi/sense.ts";
import type { Store } from "../store/store.ts";
import type { Device } from "./device.ts";
import { MediaEvent } from "./drive_events.ts";
import type { LogicalUnit } from "./logical_unit.ts";

/** A medium has come within reach; `by` is who loaded it, and needs no unit attention to know. */
export function announceMedium(device: Device, by?: LogicalUnit): void {
  if (!device.disk.hasMedium) return;
  for (const unit of device.users) {
    if (unit !== by) unit.addAttention(Sense.MEDIUM_MAY_HAVE_CHANGED);
    unit.events.report(MediaEvent.NEW_MEDIA);
  }
}

/** The medium is out of reach. */
export function announceRemoval(device: Device): void {
  for (const unit of device.users) unit.events.report(MediaEvent.MEDIA_REMOVAL);
}

/**
 * The operator wants to take the medium out. Returns who prevents that; they all hear of it, and may
 * let it go.
 */
export function requestRemoval({ disk, users }: Device): LogicalUnit[] {
  const { preventers, persistentPreventers } = disk.tray;
  const who = [...users].filter((unit) => preventers.has(unit) || persistentPreventers.has(unit));
  if (who.length > 0) {
    for (const unit of users) unit.events.report(MediaEvent.EJECT_REQUEST);
  }
  return who;
}

/** The operator puts another medium into the drive, or takes out what is in. */
export function changeMedium(device: Device, store: Store | undefined): void {
  const { disk } = device;
  const removes = disk.hasMedium;
  disk.changeMedium(store);
  if (store !== undefined) announceMedium(device);
  else if (removes) announceRemoval(device);
}
