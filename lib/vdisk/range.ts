/** Checks of LBA and transfer length (SBC-4 5.2 and the clauses of the commands). */
import type { Command } from "../scsi/command.ts";
import { Sense } from "../scsi/sense.ts";
import type { VirtualDisk } from "./virtual_disk.ts";

/** Whether the blocks of the command are on the medium; if not the command has been failed. */
export function isOnMedium(disk: VirtualDisk, command: Command): boolean {
  if (command.lba < disk.capacity && command.lba + command.blocks <= disk.capacity) return true;
  command.information = command.lba < disk.capacity ? disk.capacity : command.lba;
  command.fail(Sense.LBA_OUT_OF_RANGE);
  return false;
}

/** Whether a transfer is within the limits of VPD B0h and on the medium; if not it has been failed. */
export function isTransferable(disk: VirtualDisk, command: Command): boolean {
  if (command.blocks > disk.transferMost) {
    command.failField(transferLengthByte(command.cdb[0]!));
    return false;
  }
  return isOnMedium(disk, command);
}

/** Where the TRANSFER LENGTH of a CDB begins, by its group code (SPC-5 4.2.5.1). */
function transferLengthByte(operationCode: number): number {
  switch (operationCode >> 5) {
    case 0:
      return 4;
    case 4:
      return 10;
    case 5:
      return 6;
    default:
      return 7;
  }
}
