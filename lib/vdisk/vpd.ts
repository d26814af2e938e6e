/** Vital product data pages (SPC-5 7.7, SBC-4 6.6). */
import type { TargetPort } from "../scsi/command.ts";
import { EVERY_TYPE, isFor, type TypedRow } from "../scsi/device_type.ts";
import type { PortGroup } from "../scsi/port_group.ts";
import { putText } from "../scsi/text.ts";
import { hasCountedSpace } from "./log_pages.ts";
import { thresholdExponent } from "./threshold.ts";
import { copyDescriptors } from "./copy_page.ts";
import { compareMost } from "./compare_and_write.ts";
import {
  TRANSFER_MOST,
  UNMAP_DESCRIPTORS_MOST,
  UNMAP_MOST,
  type VirtualDisk,
  WRITE_SAME_MOST,
} from "./virtual_disk.ts";
import { atomicMost } from "./write_atomic.ts";

/** One page: its code, which devices have it, and its whole content. */
interface VpdPage extends TypedRow {
  readonly code: number;
  exists(disk: VirtualDisk): boolean;
  build(disk: VirtualDisk, port: TargetPort, group?: PortGroup): Uint8Array;
}

const always = () => true;

/** The pages in ascending order, as page 00h lists them. */
const VPD_PAGES: readonly VpdPage[] = [
  { code: 0x00, types: EVERY_TYPE, exists: always, build: supportedPages },
  { code: 0x80, types: EVERY_TYPE, exists: always, build: unitSerialNumber },
  { code: 0x83, types: EVERY_TYPE, exists: always, build: deviceIdentification },
  { code: 0x86, types: EVERY_TYPE, exists: always, build: extendedInquiry },
  { code: 0x8f, exists: always, build: thirdPartyCopy },
  { code: 0xb0, exists: always, build: blockLimits },
  { code: 0xb1, exists: always, build: blockDeviceCharacteristics },
  {
    code: 0xb2,
    exists: (disk) => disk.settings.thinProvisioned,
    build: logicalBlockProvisioning,
  },
];

/** The pages that a device has. */
export function vpdPagesOf(disk: VirtualDisk): readonly VpdPage[] {
  return VPD_PAGES.filter((page) => isFor(page, disk.settings.type) && page.exists(disk));
}

/** A page of `length` bytes behind its four-byte header; inquiry() puts in what device it is of. */
function newPage(code: number, length: number): DataView<ArrayBuffer> {
  const view = new DataView(new ArrayBuffer(4 + length));
  view.setUint8(1, code);
  view.setUint16(2, length);
  return view;
}

function bytesOf(view: DataView<ArrayBuffer>): Uint8Array {
  return new Uint8Array(view.buffer);
}

/** Page 00h (SPC-5 7.7.15). */
function supportedPages(disk: VirtualDisk): Uint8Array {
  const codes = vpdPagesOf(disk).map((page) => page.code);
  const view = newPage(0x00, codes.length);
  codes.forEach((code, index) => view.setUint8(4 + index, code));
  return bytesOf(view);
}

/** Page 80h (SPC-5 7.7.18). */
function unitSerialNumber(disk: VirtualDisk): Uint8Array {
  const { usn } = disk.settings.ids;
  const view = newPage(0x80, usn.length);
  putText(bytesOf(view), 4, usn.length, usn);
  return bytesOf(view);
}

const CodeSet = { BINARY: 1, ASCII: 2, UTF8: 3 } as const;
const Association = { LOGICAL_UNIT: 0, TARGET_PORT: 1 } as const;
const Designator = { T10: 1, NAA: 3, RELATIVE_PORT: 4, PORT_GROUP: 5, SCSI_NAME: 8 } as const;
const PROTOCOL_ISCSI = 0x5;

/** One designation descriptor (SPC-5 7.7.6.1). */
function designation(
  codeSet: number,
  association: number,
  type: number,
  value: Uint8Array,
): Uint8Array {
  const bytes = new Uint8Array(4 + value.length);
  const ofPort = association === Association.TARGET_PORT;
  bytes[0] = (ofPort ? PROTOCOL_ISCSI << 4 : 0) | codeSet;
  bytes[1] = (ofPort ? 0x80 : 0) | association << 4 | type;
  bytes[3] = value.length;
  bytes.set(value, 4);
  return bytes;
}

function fromHex(digits: string): Uint8Array {
  return Uint8Array.from(digits.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}

/** Vendor, then an identification that the vendor gives: here the serial number. */
function t10VendorId(disk: VirtualDisk): Uint8Array {
  const { vendor, ids } = disk.settings;
  const bytes = new Uint8Array(8 + ids.usn.length);
  putText(bytes, 0, 8, vendor);
  putText(bytes, 8, ids.usn.length, ids.usn);
  return bytes;
}

/** A SCSI name string: UTF-8, ended by at least one NUL, a multiple of four bytes (SPC-5 7.7.6.11). */
function scsiName(name: string): Uint8Array {
  const text = new TextEncoder().encode(name);
  const bytes = new Uint8Array((text.length + 4) & ~3);
  bytes.set(text);
  return bytes;
}

/** A number of 16 bits behind two reserved bytes (SPC-5 7.7.6.7, 7.7.6.8). */
function numberOfPort(value: number): Uint8Array {
  return Uint8Array.of(0, 0, value >> 8, value & 0xff);
}

/** Page 83h (SPC-5 7.7.6): the names of the logical unit, then those of the port and its group. */
export function deviceIdentification(
  disk: VirtualDisk,
  port: TargetPort,
  group?: PortGroup,
): Uint8Array {
  const { LOGICAL_UNIT, TARGET_PORT } = Association;
  const relative = numberOfPort(port.relativeId);
  const descriptors = [
    designation(CodeSet.BINARY, LOGICAL_UNIT, Designator.NAA, fromHex(disk.settings.ids.naaId)),
    designation(CodeSet.ASCII, LOGICAL_UNIT, Designator.T10, t10VendorId(disk)),
    designation(CodeSet.BINARY, TARGET_PORT, Designator.RELATIVE_PORT, relative),
    ...(group === undefined ? [] : [
      designation(CodeSet.BINARY, TARGET_PORT, Designator.PORT_GROUP, numberOfPort(group.id)),
    ]),
    designation(CodeSet.UTF8, TARGET_PORT, Designator.SCSI_NAME, scsiName(port.name)),
  ];
  const view = newPage(0x83, descriptors.reduce((sum, bytes) => sum + bytes.length, 0));
  const page = bytesOf(view);
  let at = 4;
  for (const bytes of descriptors) {
    page.set(bytes, at);
    at += bytes.length;
  }
  return page;
}

/** Page 86h (SPC-5 7.7.7). */
function extendedInquiry(disk: VirtualDisk): Uint8Array {
  const view = newPage(0x86, 60);
  view.setUint8(5, 0x07); // HEADSUP, ORDSUP, SIMPSUP
  if (!disk.settings.nvCache) view.setUint8(6, 0x01); // V_SUP: there may be a volatile cache
  view.setUint8(7, 0x01); // LUICLR
  return bytesOf(view);
}

/** Page 8Fh (SPC-4 7.8.17). */
function thirdPartyCopy(disk: VirtualDisk): Uint8Array {
  const descriptors = copyDescriptors(disk.blockSize);
  const page = bytesOf(newPage(0x8f, descriptors.length));
  page.set(descriptors, 4);
  return page;
}

/** OPTIMAL TRANSFER LENGTH in bytes, as SCST's opt_trans_len. */
const OPTIMAL_TRANSFER = 512 * 2 ** 10;

/** Page B0h (SBC-4 6.6.4). */
function blockLimits(disk: VirtualDisk): Uint8Array {
  const { blockSize, store, settings } = disk;
  const granularity = Math.max(1, store.physicalBlockSize / blockSize);
  const view = newPage(0xb0, 60);
  view.setUint8(4, 0x01); // WSNZ
  view.setUint8(5, compareMost(disk));
  view.setUint16(6, granularity);
  view.setUint32(8, TRANSFER_MOST / blockSize);
  view.setUint32(12, OPTIMAL_TRANSFER / blockSize);
  if (settings.thinProvisioned) {
    view.setUint32(20, UNMAP_MOST / blockSize);
    view.setUint32(24, UNMAP_DESCRIPTORS_MOST);
    // QEMU up to 7.2 aborts when it is told a granularity for blocks of more than 512 bytes.
    if (blockSize === 512) {
      view.setUint32(28, granularity);
      view.setUint32(32, 0x80000000); // UGAVALID, alignment 0
    }
  }
  view.setUint32(40, WRITE_SAME_MOST); // the upper half of the field stays 0
  // Atomic writes: no alignment, no granularity, no boundaries.
  view.setUint32(44, atomicMost(disk));
  return bytesOf(view);
}

/** Page B1h (SBC-4 6.6.2). */
function blockDeviceCharacteristics(disk: VirtualDisk): Uint8Array {
  const NON_ROTATING = 1;
  const view = newPage(0xb1, 60);
  view.setUint16(4, disk.settings.rotational ? 15000 : NON_ROTATING);
  // WABEREQ 01b: after a block erase, which thin disks have, blocks can be read before they are written.
  if (disk.settings.thinProvisioned) view.setUint8(7, 0x40);
  return bytesOf(view);
}

/** Page B2h (SBC-4 6.6.6). */
function logicalBlockProvisioning(disk: VirtualDisk): Uint8Array {
  const THIN = 2;
  const view = newPage(0xb2, 4);
  if (hasCountedSpace(disk)) view.setUint8(4, thresholdExponent(disk.blockSize));
  view.setUint8(5, 0xe4); // LBPU, LBPWS, LBPWS10, LBPRZ 001b: unmapped blocks read as zeros
  view.setUint8(6, THIN);
  return bytesOf(view);
}
