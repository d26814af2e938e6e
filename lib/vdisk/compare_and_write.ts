/** COMPARE AND WRITE (SBC-4 5.3). */
import type { Command } from "../scsi/command.ts";
import { Sense } from "../scsi/sense.ts";
import type { DiskRequest } from "./disk_request.ts";
import { isOnMedium } from "./range.ts";
import { giveUp, readForUpdate, writeBack } from "./read_for_update.ts";
import { differsAt } from "./verify.ts";
import type { VirtualDisk } from "./virtual_disk.ts";

const NUMBER_OF_BLOCKS = 13;

/** Blocks that one command may compare (MAXIMUM COMPARE AND WRITE LENGTH of VPD B0h). */
export function compareMost(disk: VirtualDisk): number {
  return Math.min(255, disk.transferMost);
}

/** Bytes of data-out: what the blocks are to hold now, and what they are to hold then. */
export function compareAndWriteOut(command: Command, blockSize: number): number {
  return 2 * command.blocks * blockSize;
}

/** Checks a COMPARE AND WRITE before its data is asked for. */
export function checkCompareAndWrite(disk: VirtualDisk, command: Command): boolean {
  if (command.blocks > compareMost(disk)) {
    command.failField(NUMBER_OF_BLOCKS);
    return false;
  }
  if (!isOnMedium(disk, command)) return false;
  // Nothing tells which half is short, or whether there are two.
  if (command.expectedOut !== compareAndWriteOut(command, disk.blockSize)) {
    command.failField(NUMBER_OF_BLOCKS);
    return false;
  }
  return true;
}

/** Executes COMPARE AND WRITE. */
export function compareAndWrite(disk: VirtualDisk, command: Command): void {
  if (command.blocks === 0) return command.succeed();
  readForUpdate(disk, command, compareThenWrite);
}

function compareThenWrite(request: DiskRequest): void {
  const command = request.command!;
  const length = command.blocks * request.disk.blockSize;
  const at = differsAt(request.memory!.bytes, length, length);
  if (at < 0) return writeBack(request, 2 * length);
  command.setSense(Sense.MISCOMPARE_DURING_VERIFY);
  command.information = at;
  giveUp(request);
}
