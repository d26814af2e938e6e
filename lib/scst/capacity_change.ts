/** A device becomes larger, or smaller: who hears of it, and what does not outlast it. */
import { Sense } from "../scsi/sense.ts";
import type { Device } from "./device.ts";

/** The device has so many bytes from now on; who copies by a token that was for more finds it revoked. */
export function changeCapacity(device: Device, bytes: number): void {
  const { disk, tokens } = device;
  const before = disk.capacity;
  disk.resize(bytes);
  if (disk.capacity < before) tokens.revokeAll();
  if (disk.capacity !== before) device.announce(Sense.CAPACITY_DATA_CHANGED);
}
