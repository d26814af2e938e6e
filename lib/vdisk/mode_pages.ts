/** Mode pages (SPC-5 7.5, SBC-4 6.5, MMC-6): what never changes; the rest is in mode_fields.ts. */
import { CD_ROM_ONLY, EVERY_TYPE, isFor, type TypedRow } from "../scsi/device_type.ts";
import { capabilities } from "./cd_capabilities.ts";
import { maskOf, MODE_FIELDS, type ModeName, type ModeValues } from "./mode_fields.ts";
import type { VirtualDisk } from "./virtual_disk.ts";

/** PC: which values MODE SENSE asks for (SPC-5 table 189). */
export const PageControl = { CURRENT: 0, CHANGEABLE: 1, DEFAULT: 2, SAVED: 3 } as const;

/** One mode page: its code, and its fixed values behind the two-byte header. */
interface ModePage extends TypedRow {
  readonly code: number;
  readonly length: number;
  fill(page: DataView, disk: VirtualDisk): void;
}

/** The pages in the order in which page 3Fh returns them (SPC-5 6.13: ascending). */
const MODE_PAGES: readonly ModePage[] = [
  { code: 0x01, length: 0x0a, fill: readWriteErrorRecovery },
  { code: 0x01, types: CD_ROM_ONLY, length: 0x0a, fill: () => {} }, // Error Recovery: the default
  { code: 0x02, length: 0x0e, fill: () => {} }, // Disconnect-Reconnect: no limits
  { code: 0x03, length: 0x16, fill: formatDevice },
  { code: 0x04, length: 0x16, fill: rigidDiskGeometry },
  { code: 0x08, length: 0x12, fill: () => {} }, // Caching
  { code: 0x0a, types: EVERY_TYPE, length: 0x0a, fill: control },
  { code: 0x1a, types: CD_ROM_ONLY, length: 0x0a, fill: () => {} }, // Power Condition: no timers
  // Informational Exceptions Control: nothing to report.
  { code: 0x1c, types: EVERY_TYPE, length: 0x0a, fill: () => {} },
  { code: 0x1d, types: CD_ROM_ONLY, length: 0x08, fill: () => {} }, // Time-out and Protect
  { code: 0x2a, types: CD_ROM_ONLY, length: 0x1e, fill: capabilities },
];

/** The pages that a device has, ascending. */
export function modePagesOf(disk: VirtualDisk): readonly ModePage[] {
  return MODE_PAGES.filter((page) => isFor(page, disk.settings.type));
}

/** Page 01h (SBC-4 6.5.8). */
function readWriteErrorRecovery(page: DataView): void {
  page.setUint8(2, 0xc0); // AWRE, ARRE: the store remaps by itself
}

/** A geometry for those who still ask; its product is about the capacity. */
const HEADS = 255;
const SECTORS_PER_TRACK = 63;

/** Page 03h (SBC, obsolete). */
function formatDevice(page: DataView, disk: VirtualDisk): void {
  page.setUint16(10, SECTORS_PER_TRACK);
  page.setUint16(12, disk.blockSize & 0xffff);
  page.setUint16(14, 1); // INTERLEAVE
  page.setUint8(20, 0x40); // HSEC: hard sectors
}

/** Page 04h (SBC, obsolete). */
function rigidDiskGeometry(page: DataView, disk: VirtualDisk): void {
  const cylinders = Math.min(
    0xffffff,
    Math.max(1, Math.floor(disk.capacity / HEADS / SECTORS_PER_TRACK)),
  );
  page.setUint16(2, cylinders >> 8);
  page.setUint8(4, cylinders & 0xff);
  page.setUint8(5, HEADS);
  page.setUint16(20, disk.settings.rotational ? 15000 : 0);
}

/** Page 0Ah (SPC-5 7.5.10). */
function control(page: DataView, disk: VirtualDisk): void {
  page.setUint8(2, disk.settings.tst << 5); // TST
  page.setUint8(3, 0x10); // QUEUE ALGORITHM MODIFIER: unrestricted reordering
}

const PS = 0x80;

/** The whole page with its header: the values that `control` names, or ones in what can be changed. */
export function buildModePage(entry: ModePage, disk: VirtualDisk, control: number): Uint8Array {
  const view = new DataView(new ArrayBuffer(2 + entry.length));
  const page = new Uint8Array(view.buffer);
  page[0] = entry.code;
  page[1] = entry.length;
  if (control !== PageControl.CHANGEABLE) entry.fill(view, disk);
  const values = valuesOf(disk, control);
  for (const [name, field] of Object.entries(MODE_FIELDS)) {
    if (field.page !== entry.code) continue;
    const changeable = disk.modes.changeable.has(name as ModeName);
    if (changeable) page[0] |= PS;
    if (values !== undefined) page[field.byte]! |= values[name as ModeName] << field.shift;
    else if (changeable) page[field.byte]! |= maskOf(field);
  }
  return page;
}

function valuesOf({ modes }: VirtualDisk, control: number): ModeValues | undefined {
  switch (control) {
    case PageControl.CURRENT:
      return modes.current;
    case PageControl.DEFAULT:
      return modes.defaults;
    case PageControl.SAVED:
      return modes.saved;
    default:
      return undefined;
  }
}
