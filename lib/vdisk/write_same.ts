/** WRITE SAME (SBC-4 5.54, 5.55). */
import type { Command } from "../scsi/command.ts";
import { Sense } from "../scsi/sense.ts";
import { IoOperation } from "../store/io_request.ts";
import type { DiskRequest } from "./disk_request.ts";
import { isOnMedium } from "./range.ts";
import { type VirtualDisk, WRITE_SAME_MOST } from "./virtual_disk.ts";
import { finishWrite } from "./write.ts";

const ANCHOR = 0x10;
const UNMAP = 0x08;
const NDOB = 0x01;
const WRITE_SAME_16 = 0x93;

/** Bytes of memory that the pattern is repeated in. */
const PATTERN = 2 ** 20;

/** Bytes that the store is asked for at once: a command that is aborted ends behind them. */
const FILL_MOST = 16 * 2 ** 20;
const ZERO_MOST = 2 ** 30;

function hasNoData(command: Command): boolean {
  return command.cdb[0] === WRITE_SAME_16 && (command.cdb[1]! & NDOB) !== 0;
}

/** Bytes of data-out that a WRITE SAME takes: one block, or none with NDOB. */
export function writeSameOut(command: Command, blockSize: number): number {
  return hasNoData(command) ? 0 : blockSize;
}

/** Checks a WRITE SAME before its data is asked for. */
export function checkWriteSame(disk: VirtualDisk, command: Command): boolean {
  const flags = command.cdb[1]!;
  const thin = disk.settings.thinProvisioned;
  if ((flags & ANCHOR) !== 0) return refuse(command, 1, 4);
  if ((flags & UNMAP) !== 0 && !thin) return refuse(command, 1, 3);
  // WSNZ of VPD B0h: zero blocks do not stand for the rest of the medium.
  if (command.blocks === 0 || command.blocks > WRITE_SAME_MOST) {
    return refuse(command, command.cdb[0] === WRITE_SAME_16 ? 10 : 7);
  }
  return isOnMedium(disk, command);
}

function refuse(command: Command, byte: number, bit = 7): false {
  command.failField(byte, bit);
  return false;
}

/** Executes WRITE SAME 10 and 16. Zeros are left to the store, which can do that without data. */
export function writeSame(disk: VirtualDisk, command: Command): void {
  // More data than one block is no WRITE SAME either: nothing tells which block is meant.
  if (command.outLength < command.wantedOut || command.expectedOut > command.wantedOut) {
    return command.fail(Sense.INVALID_FIELD_IN_CDB);
  }
  const zero = hasNoData(command) || isZero(command);
  if (!zero && !disk.hasMemory) return command.refuseForNow();
  const request = disk.takeRequest(command);
  if (zero) {
    const discard = (command.cdb[1]! & UNMAP) !== 0;
    return nextPiece(request, discard ? IoOperation.PUNCH : IoOperation.ZERO, 0);
  }
  const length = Math.min(PATTERN, command.blocks * disk.blockSize);
  const memory = disk.memory.take(length);
  request.memory = memory;
  const pattern = command.out!.bytes.subarray(command.outAt, command.outAt + disk.blockSize);
  for (let at = 0; at < length; at += disk.blockSize) memory.bytes.set(pattern, at);
  request.iov.push(memory.address, length);
  nextPiece(request, IoOperation.FILL, 0);
}

function isZero(command: Command): boolean {
  const end = command.outAt + command.outLength;
  const bytes = command.out!.bytes;
  for (let at = command.outAt; at < end; at++) if (bytes[at] !== 0) return false;
  return true;
}

/** Does a piece of the range, `done` bytes of which are done. */
function nextPiece(request: DiskRequest, operation: number, done: number): void {
  const { disk } = request;
  const command = request.command!;
  const left = command.blocks * disk.blockSize - done;
  const length = Math.min(operation === IoOperation.FILL ? FILL_MOST : ZERO_MOST, left);
  request.start(operation, command.lba * disk.blockSize + done, length, (finished) => {
    const ends = length === left || finished.result < 0 || command.aborted;
    if (ends) finishWrite(finished);
    else nextPiece(finished, operation, done + length);
  });
}
