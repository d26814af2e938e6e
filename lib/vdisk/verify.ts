/** VERIFY and WRITE AND VERIFY (SBC-4 5.36 to 5.39, 5.45 to 5.48). */
import type { Command } from "../scsi/command.ts";
import { Sense } from "../scsi/sense.ts";
import { IoOperation } from "../store/io_request.ts";
import type { DiskRequest } from "./disk_request.ts";
import { senseOfRead } from "./errno_sense.ts";
import { isTransferable } from "./range.ts";
import type { VirtualDisk } from "./virtual_disk.ts";
import { finishWrite } from "./write.ts";

/** BYTCHK (SBC-4 table 160): what the medium is compared with. */
const ByteCheck = { NOTHING: 0, ALL_BLOCKS: 1, RESERVED: 2, ONE_BLOCK: 3 } as const;

function byteCheckOf(command: Command): number {
  return command.cdb[1]! >> 1 & 3;
}

/** Bytes of data-out that a VERIFY takes. */
export function verifyOut(command: Command, blockSize: number): number {
  switch (byteCheckOf(command)) {
    case ByteCheck.ALL_BLOCKS:
      return command.blocks * blockSize;
    case ByteCheck.ONE_BLOCK:
      return command.blocks === 0 ? 0 : blockSize;
    default:
      return 0;
  }
}

/** Checks a WRITE AND VERIFY before its data is asked for: only BYTCHK 00b and 01b are defined. */
export function checkWriteAndVerify(disk: VirtualDisk, command: Command): boolean {
  if (byteCheckOf(command) > ByteCheck.ALL_BLOCKS) {
    command.failField(1, 2);
    return false;
  }
  return isTransferable(disk, command);
}

/** Checks a VERIFY before its data is asked for. */
export function checkVerify(disk: VirtualDisk, command: Command): boolean {
  if (byteCheckOf(command) === ByteCheck.RESERVED) {
    command.failField(1, 2);
    return false;
  }
  return isTransferable(disk, command);
}

/** Executes VERIFY 10, 12 and 16: reads the blocks and compares them as BYTCHK says. */
export function verify(disk: VirtualDisk, command: Command): void {
  if (command.blocks === 0) return command.succeed();
  if (command.outLength < command.wantedOut) return command.fail(Sense.INVALID_FIELD_IN_CDB);
  const request = takeBuffers(disk, command);
  if (request === undefined) return;
  // What is verified is the medium, so what is in the cache only goes there first.
  disk.flusher.settle((result) => {
    if (result === 0) return readBack(request);
    request.result = result;
    finishWrite(request);
  });
}

/**
 * Executes WRITE AND VERIFY 10, 12 and 16 (SBC-4 5.45 to 5.48). Like WRITE it goes as far as the
 * initiator has data.
 */
export function writeAndVerify(disk: VirtualDisk, command: Command): void {
  command.blocks = Math.floor(command.outLength / disk.blockSize);
  if (command.blocks === 0) return command.succeed();
  const request = takeBuffers(disk, command);
  if (request === undefined) return;
  const length = sizeOf(command, disk);
  request.iov.push(request.memory!.address + length, length);
  request.start(IoOperation.WRITE_DURABLE, command.lba * disk.blockSize, length, written);
}

function written(request: DiskRequest): void {
  if (request.result < 0 || request.command!.aborted) return finishWrite(request);
  readBack(request);
}

/** Bytes of the blocks that the command names. */
function sizeOf(command: Command, disk: VirtualDisk): number {
  return command.blocks * disk.blockSize;
}

/**
 * Takes memory for the blocks as they are read, and behind them the data that came: the comparison
 * may come later than the buffer that the data is in now. Without memory there is no request: the
 * command has ended, or is run again.
 */
function takeBuffers(disk: VirtualDisk, command: Command): DiskRequest | undefined {
  const length = sizeOf(command, disk);
  if (!command.claimRoom(length + command.outLength)) return undefined;
  if (!disk.hasMemory) {
    command.refuseForNow();
    return undefined;
  }
  const request = disk.takeRequest(command);
  request.memory = disk.memory.take(length + command.outLength);
  if (command.outLength > 0) {
    const out = command.out!.bytes.subarray(command.outAt, command.outAt + command.outLength);
    request.memory.bytes.set(out, length);
  }
  return request;
}

function readBack(request: DiskRequest): void {
  const { disk, memory } = request;
  const command = request.command!;
  const length = sizeOf(command, disk);
  request.iov.clear();
  request.iov.push(memory!.address, length);
  request.start(IoOperation.READ, command.lba * disk.blockSize, length, compare);
}

function compare(request: DiskRequest): void {
  const command = request.command!;
  const { result, length, disk } = request;
  if (result < 0) {
    command.setSense(senseOfRead(-result));
    command.information = command.lba;
  } else if (byteCheckOf(command) !== ByteCheck.NOTHING) {
    const period = byteCheckOf(command) === ByteCheck.ONE_BLOCK ? disk.blockSize : length;
    const at = differsAt(request.memory!.bytes, length, period);
    if (at >= 0) {
      command.setSense(Sense.MISCOMPARE_DURING_VERIFY);
      command.information = at;
    }
  }
  disk.giveRequest(request);
  command.complete();
}

/** The first byte of `length` that differs from what stands behind them with the given period; or -1. */
export function differsAt(bytes: Uint8Array, length: number, period: number): number {
  for (let at = 0; at < length; at++) {
    if (bytes[at] !== bytes[length + at % period]) return at;
  }
  return -1;
}
