/** MODE SENSE (SPC-5 6.13, 6.14). */
import type { Command } from "../scsi/command.ts";
import { DeviceType } from "../scsi/device_type.ts";
import { Sense } from "../scsi/sense.ts";
import { buildModePage, modePagesOf } from "./mode_pages.ts";
import type { VirtualDisk } from "./virtual_disk.ts";

const ALL_PAGES = 0x3f;
const ALL_SUBPAGES = 0xff;

const WP = 0x80;
const DPOFUA = 0x10;
const LLBAA = 0x10;
const DBD = 0x08;
const MODE_SENSE_10 = 0x5a;

/** Executes MODE SENSE 6 and 10. */
export function modeSense(disk: VirtualDisk, command: Command): void {
  const { cdb } = command;
  const long = cdb[0] === MODE_SENSE_10;
  const pageControl = cdb[2]! >> 6;
  const pageCode = cdb[2]! & 0x3f;
  const subpage = cdb[3]!;
  if (subpage !== 0 && (subpage !== ALL_SUBPAGES || pageCode !== ALL_PAGES)) {
    return command.failField(3);
  }
  const pages = modePagesOf(disk)
    .filter((entry) => pageCode === ALL_PAGES || entry.code === pageCode)
    .map((entry) => buildModePage(entry, disk, pageControl));
  if (pages.length === 0) return command.failField(2, 5);

  const blockDescriptor = (cdb[1]! & DBD) !== 0
    ? new Uint8Array(0)
    : buildBlockDescriptor(disk, long && (cdb[1]! & LLBAA) !== 0);
  const header = buildHeader(deviceSpecificOf(disk, command), long, blockDescriptor.length);
  const parts = [header, blockDescriptor, ...pages];
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  // MODE DATA LENGTH does not count itself (SPC-5 7.5.5).
  if (long) new DataView(bytes.buffer).setUint16(0, bytes.length - 2);
  else bytes[0] = bytes.length - 1;
  command.respond(bytes);
}

/** The mode parameter header (SPC-5 7.5.5); MODE DATA LENGTH is put in later. */
function buildHeader(deviceSpecific: number, long: boolean, descriptorLength: number): Uint8Array {
  if (!long) return new Uint8Array([0, 0, deviceSpecific, descriptorLength]);
  const longLba = descriptorLength === 16 ? 1 : 0;
  return new Uint8Array([0, 0, 0, deviceSpecific, longLba, 0, 0, descriptorLength]);
}

/** DEVICE-SPECIFIC PARAMETER (SBC-4 6.5.1); MMC defines none. */
function deviceSpecificOf({ settings, protection }: VirtualDisk, { readOnly }: Command): number {
  if (settings.type === DeviceType.CD_ROM) return 0;
  return (readOnly || protection !== Sense.NO_SENSE ? WP : 0) | DPOFUA;
}

/**
 * A short (8 bytes) or long LBA (16 bytes) mode parameter block descriptor (SBC-4 6.5.2). Drives for
 * CDs have none, whatever is asked for (MMC-6).
 */
export function buildBlockDescriptor(disk: VirtualDisk, long: boolean): Uint8Array {
  const HIGH = 2 ** 32;
  if (disk.settings.type === DeviceType.CD_ROM) return new Uint8Array(0);
  const view = new DataView(new ArrayBuffer(long ? 16 : 8));
  const blocks = disk.hasMedium ? disk.capacity : 0;
  if (long) {
    view.setUint32(0, Math.floor(blocks / HIGH));
    view.setUint32(4, blocks >>> 0);
    view.setUint32(12, disk.blockSize);
  } else {
    view.setUint32(0, Math.min(blocks, HIGH - 1));
    view.setUint32(4, disk.blockSize); // three bytes; the one before them is reserved
  }
  return new Uint8Array(view.buffer);
}
