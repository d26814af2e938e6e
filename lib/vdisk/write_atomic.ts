/** WRITE ATOMIC (SBC-4 5.41): all of its blocks or none, as others see them. */
import type { Command } from "../scsi/command.ts";
import { IoOperation } from "../store/io_request.ts";
import type { DiskRequest } from "./disk_request.ts";
import { senseOfWrite } from "./errno_sense.ts";
import { isOnMedium } from "./range.ts";
import { readForUpdate, writeBack } from "./read_for_update.ts";
import type { VirtualDisk } from "./virtual_disk.ts";
import { finishWrite } from "./write.ts";

const TRANSFER_LENGTH = 12;

/** Blocks that one command may write (MAXIMUM ATOMIC TRANSFER LENGTH of VPD B0h). */
export function atomicMost(disk: VirtualDisk): number {
  return Math.min(0xffff, disk.transferMost);
}

/** Checks a WRITE ATOMIC before its data is asked for. */
export function checkWriteAtomic(disk: VirtualDisk, command: Command): boolean {
  if (command.blocks > atomicMost(disk)) {
    command.failField(TRANSFER_LENGTH);
    return false;
  }
  if (!isOnMedium(disk, command)) return false;
  // With less data than blocks it could only be written in part.
  if (command.expectedOut < command.blocks * disk.blockSize) {
    command.failField(TRANSFER_LENGTH);
    return false;
  }
  return true;
}

/** Executes WRITE ATOMIC(16). The old blocks are read first, to be put back when the write fails. */
export function writeAtomic(disk: VirtualDisk, command: Command): void {
  if (disk.failure !== 0) return command.fail(senseOfWrite(disk.failure));
  if (command.blocks === 0) return command.succeed();
  readForUpdate(disk, command, (request) => writeBack(request, sizeOf(request), finishOrUndo));
}

function sizeOf(request: DiskRequest): number {
  return request.command!.blocks * request.disk.blockSize;
}

function finishOrUndo(request: DiskRequest): void {
  if (request.result >= 0) return finishWrite(request);
  const failure = request.result;
  const { disk, command, memory } = request;
  request.iov.clear();
  request.iov.push(memory!.address, sizeOf(request));
  const offset = command!.lba * disk.blockSize;
  request.start(IoOperation.WRITE, offset, sizeOf(request), (undone) => {
    // What could be written can be written again: only blocks that were not touched may fail here.
    undone.result = failure;
    finishWrite(undone);
  });
}
