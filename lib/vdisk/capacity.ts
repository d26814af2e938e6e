/** READ CAPACITY (SBC-4 5.20, 5.21). */
import type { Command } from "../scsi/command.ts";
import { blocksPerPhysical, lowestAligned } from "./physical_blocks.ts";
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

/** Executes READ CAPACITY(16). */
export function readCapacity16(disk: VirtualDisk, command: Command): void {
  const view = new DataView(new ArrayBuffer(32));
  const last = disk.capacity - 1;
  view.setUint32(0, Math.floor(last / HIGH));
  view.setUint32(4, last >>> 0);
  view.setUint32(8, disk.blockSize);
  if (!disk.settings.hidesPhysicalBlocks) {
    view.setUint8(13, Math.floor(Math.log2(blocksPerPhysical(disk))));
    view.setUint16(14, lowestAligned(disk));
  }
  const LBPME = 0x8000;
  const LBPRZ = 0x4000;
  if (disk.settings.thinProvisioned) {
    const flags = disk.store.forgets === true ? LBPME : LBPME | LBPRZ;
    view.setUint16(14, flags | view.getUint16(14));
  }
  command.respond(new Uint8Array(view.buffer));
}
