/** READ CAPACITY (SBC-4 5.20, 5.21). */
import type { Command } from "../scsi/command.ts";
import type { VirtualDisk } from "./virtual_disk.ts";

const HIGH = 2 ** 32;

/** Executes READ CAPACITY(10). */
export function readCapacity10(disk: VirtualDisk, command: Command): void {
  // PMI and LOGICAL BLOCK ADDRESS are obsolete; without PMI the address is zero (SBC-2 5.12).
  const PMI = 0x01;
  if ((command.cdb[8]! & PMI) === 0 && command.cdbView.getUint32(2) !== 0) {
    return command.failField(2);
  }
  const view = new DataView(new ArrayBuffer(8));
  view.setUint32(0, Math.min(disk.capacity - 1, HIGH - 1));
  view.setUint32(4, disk.blockSize);
  command.allocationLength = 8;
  command.respond(new Uint8Array(view.buffer));
}

/** LOGICAL BLOCKS PER PHYSICAL BLOCK EXPONENT. */
function physicalExponent(disk: VirtualDisk): number {
  if (disk.settings.hidesPhysicalBlocks) return 0;
  return Math.max(0, Math.floor(Math.log2(disk.store.physicalBlockSize / disk.blockSize)));
}

/** Executes READ CAPACITY(16). */
export function readCapacity16(disk: VirtualDisk, command: Command): void {
  const view = new DataView(new ArrayBuffer(32));
  const last = disk.capacity - 1;
  view.setUint32(0, Math.floor(last / HIGH));
  view.setUint32(4, last >>> 0);
  view.setUint32(8, disk.blockSize);
  view.setUint8(13, physicalExponent(disk));
  const LBPME = 0x80;
  const LBPRZ = 0x40;
  if (disk.settings.thinProvisioned) {
    view.setUint8(14, disk.store.forgets === true ? LBPME : LBPME | LBPRZ);
  }
  command.respond(new Uint8Array(view.buffer));
}
