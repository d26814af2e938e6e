/** WRITE ATOMIC (SBC-4 5.41): all of its blocks or none, whatever happens. */
import type { Command } from "../scsi/command.ts";
import { ATOMIC_MOST } from "../store/atomic_record.ts";
import { isOnMedium } from "./range.ts";
import { readForUpdate } from "./read_for_update.ts";
import type { VirtualDisk } from "./virtual_disk.ts";
import { write } from "./write.ts";

const TRANSFER_LENGTH = 12;

/** Blocks that one command may write (MAXIMUM ATOMIC TRANSFER LENGTH of VPD B0h). */
export function atomicMost(disk: VirtualDisk): number {
  return ATOMIC_MOST / disk.blockSize;
}

/** Checks a WRITE ATOMIC before its data is asked for. */
export function checkWriteAtomic(disk: VirtualDisk, command: Command): boolean {
  // The end of the medium goes first: libiscsi's suite runs over it with 257 blocks of any size.
  if (!isOnMedium(disk, command)) return false;
  // With less data than blocks it could only be written in part.
  const isShort = command.expectedOut < command.blocks * disk.blockSize;
  if (command.blocks <= atomicMost(disk) && !isShort) return true;
  command.failField(TRANSFER_LENGTH);
  return false;
}

/** Executes WRITE ATOMIC(16). The old blocks are read first, to be put back when the write fails. */
export function writeAtomic(disk: VirtualDisk, command: Command): void {
  const { atomicWriter } = disk;
  if (atomicWriter === undefined) return write(disk, command);
  if (command.blocks === 0) return command.succeed();
  readForUpdate(disk, command, (request) => atomicWriter.write(request));
}
