/** Vital product data pages (SPC-5 7.7, SBC-4 6.6). */
import type { TargetPort } from "../scsi/command.ts";
import { EVERY_TYPE, isFor, type TypedRow } from "../scsi/device_type.ts";
import { OPTIMAL_TRANSFER } from "../scsi/identity.ts";
import type { PortGroup } from "../scsi/port_group.ts";
import { putText } from "../scsi/text.ts";
import { deviceIdentification } from "./device_identification.ts";
import { hasCountedSpace } from "./log_pages.ts";
import { blocksPerPhysical, lowestAligned } from "./physical_blocks.ts";
import { thresholdExponent } from "./threshold.ts";
import { bytesOf, newPage } from "./vpd_page.ts";
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

/** Page B0h (SBC-4 6.6.4). */
function blockLimits(disk: VirtualDisk): Uint8Array {
  const { blockSize, settings } = disk;
  const granularity = blocksPerPhysical(disk);
  const view = newPage(0xb0, 60);
  view.setUint8(4, 0x01); // WSNZ
  view.setUint8(5, compareMost(disk));
  view.setUint16(6, granularity);
  view.setUint32(8, TRANSFER_MOST / blockSize);
  view.setUint32(12, (settings.optTransLen ?? OPTIMAL_TRANSFER) / blockSize);
  if (settings.thinProvisioned) {
    view.setUint32(20, UNMAP_MOST / blockSize);
    view.setUint32(24, UNMAP_DESCRIPTORS_MOST);
    // QEMU up to 7.2 aborts when it is told a granularity for blocks of more than 512 bytes.
    if (blockSize === 512) {
      view.setUint32(28, granularity);
      const UGAVALID = 2 ** 31;
      view.setUint32(32, UGAVALID + lowestAligned(disk));
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
  const LBPRZ = 0x04; // 001b: unmapped blocks read as zeros
  view.setUint8(5, 0xe0 | (disk.store.forgets === true ? 0 : LBPRZ)); // LBPU, LBPWS, LBPWS10
  view.setUint8(6, THIN);
  return bytesOf(view);
}
