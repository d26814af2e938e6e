/** INQUIRY (SPC-5 6.7): standard data, and which vital product data page to ask for. */
import type { Command } from "../scsi/command.ts";
import { DeviceType } from "../scsi/device_type.ts";
import { PRODUCT_REVISION } from "../scsi/identity.ts";
import type { PortGroup } from "../scsi/port_group.ts";
import { putText } from "../scsi/text.ts";
import type { DiskSettings, VirtualDisk } from "./virtual_disk.ts";
import { vpdPagesOf } from "./vpd.ts";

/** VERSION DESCRIPTORs (SPC-5 table 149): SAM-5, iSCSI, SPC-4 without claim of a version. */
const VERSION_DESCRIPTORS = [0x00a0, 0x0960, 0x0460];

/** What a device of a type says of itself beside what all say. */
interface TypeIdentity {
  /** VERSION DESCRIPTOR of its command set. */
  readonly version: number;
  /** Byte 5. */
  readonly flags: number;
}

const IDENTITIES: Readonly<Record<DeviceType, TypeIdentity>> = {
  [DeviceType.DISK]: { version: 0x04c0, flags: 0x08 }, // SBC-3; 3PC
  [DeviceType.CD_ROM]: { version: 0x04e0, flags: 0x00 }, // MMC-6
};

const STANDARD_LENGTH = 96;
const EVPD = 0x01;
const TPGS_SHIFT = 4;
const MULTIP = 0x10;

/** PERIPHERAL QUALIFIER 001b: the device server can access the unit, but not now. */
const NOT_CONNECTED = 0x20;

/** PERIPHERAL DEVICE TYPE of what is none. */
const NO_DEVICE = 0x1f;

/** Characters of vendor specific data that have room at byte 36; more of it follows the rest, as in SCST. */
const SHORT_MOST = 20;

function isShort(vendorSpecific: string): boolean {
  return vendorSpecific.length <= SHORT_MOST;
}

/** Standard INQUIRY data (SPC-5 6.7.2); `group` is the target port group of the port, if it has one. */
export function standardInquiry(settings: DiskSettings, group?: PortGroup): Uint8Array {
  const specific = settings.texts?.inqVendSpecific ?? "";
  const bytes = new Uint8Array(STANDARD_LENGTH + (isShort(specific) ? 0 : specific.length));
  const view = new DataView(bytes.buffer);
  const { version, flags } = IDENTITIES[settings.type];
  bytes[0] = settings.type;
  if (settings.removable) bytes[1] = 0x80; // RMB
  bytes[2] = 0x06; // VERSION: SPC-4
  bytes[3] = 0x32; // NORMACA, HISUP, RESPONSE DATA FORMAT 2
  bytes[4] = bytes.length - 5;
  bytes[5] = flags;
  if (group !== undefined) {
    bytes[5] |= group.tpgs << TPGS_SHIFT;
    bytes[6] = MULTIP;
  }
  bytes[7] = 0x02; // CMDQUE
  const { t10VendId, prodId, prodRevLvl } = settings.texts ?? {};
  putText(bytes, 8, 8, t10VendId ?? settings.vendor);
  putText(bytes, 16, 16, prodId ?? settings.name);
  putText(bytes, 32, 4, prodRevLvl ?? PRODUCT_REVISION);
  putText(bytes, isShort(specific) ? 36 : STANDARD_LENGTH, specific.length, specific);
  [...VERSION_DESCRIPTORS, version].forEach((code, index) => view.setUint16(58 + index * 2, code));
  return bytes;
}

/** Standard INQUIRY data for a LUN behind which there is nothing (SPC-5 6.7.2, qualifier 3). */
export function absentInquiry(): Uint8Array {
  const bytes = new Uint8Array(36);
  bytes[0] = 0x7f;
  bytes[2] = 0x06;
  bytes[3] = 0x12;
  bytes[4] = bytes.length - 5;
  bytes[7] = 0x02;
  return bytes;
}

/** Executes INQUIRY that came through a port of the target port group `group`, if it has one. */
export function inquiry(disk: VirtualDisk, command: Command, group?: PortGroup): void {
  const bytes = inquiryData(disk, command, group);
  if (bytes === undefined) return command.failField(2); // PAGE CODE
  const { type, dummy } = disk.settings;
  bytes[0] = dummy
    ? NOT_CONNECTED | NO_DEVICE
    : type | (group?.isConnected === false ? NOT_CONNECTED : 0);
  command.respond(bytes);
}

function inquiryData(
  disk: VirtualDisk,
  { cdb, port }: Command,
  group: PortGroup | undefined,
): Uint8Array | undefined {
  const pageCode = cdb[2]!;
  if ((cdb[1]! & EVPD) === 0) {
    return pageCode === 0 ? standardInquiry(disk.settings, group) : undefined;
  }
  return vpdPagesOf(disk).find(({ code }) => code === pageCode)?.build(disk, port, group);
}
