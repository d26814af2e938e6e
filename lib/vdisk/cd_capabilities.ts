/** Mode page 2Ah, MM Capabilities and Mechanical Status (MMC-3, legacy in MMC-6, and what Linux asks for). */
import type { VirtualDisk } from "./virtual_disk.ts";

const DVD_ROM_READ = 0x08;
const LOCK = 0x01;
const LOCK_STATE = 0x02;
const EJECT = 0x08;
const TRAY = 1 << 5; // LOADING MECHANISM TYPE

/** Kilobytes in a second at the speed of an audio CD. */
const SPEED_1 = 176;
/** Nothing turns here; a number for those who show one. */
const SPEED = 48 * SPEED_1;

/** Fills the page: it reads, and neither writes nor plays. */
export function capabilities(page: DataView, disk: VirtualDisk): void {
  page.setUint8(2, DVD_ROM_READ);
  page.setUint8(6, TRAY | EJECT | (disk.tray.isLocked ? LOCK_STATE : 0) | LOCK);
  page.setUint16(8, SPEED); // MAXIMUM READ SPEED SUPPORTED
  page.setUint16(14, SPEED); // CURRENT READ SPEED SELECTED
}
