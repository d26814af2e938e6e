/** WRITE (SBC-4 5.40 to 5.44). */
import type { Command } from "../scsi/command.ts";
import { Sense } from "../scsi/sense.ts";
import { IoOperation } from "../store/io_request.ts";
import type { DiskRequest } from "./disk_request.ts";
import { senseOfWrite } from "./errno_sense.ts";
import { isTransferable } from "./range.ts";
import type { VirtualDisk } from "./virtual_disk.ts";

const FUA = 0x08;

/**
 * Whether FUA is set, of a command that has it: it is byte 1, bit 3 of all but the 6-byte CDBs, which
 * have LBA bits there.
 */
export function hasFua({ cdb }: Command): boolean {
  return cdb[0]! >= 0x20 && (cdb[1]! & FUA) !== 0;
}

/** Whether a write has to be on stable storage when it ends. */
export function isDurable(disk: VirtualDisk, command: Command): boolean {
  return disk.writesThrough || hasFua(command) && !disk.settings.nvCache;
}

/** Checks a WRITE before its data is asked for. */
export function checkWrite(disk: VirtualDisk, command: Command): boolean {
  return isTransferable(disk, command);
}

/**
 * Executes WRITE 6, 10, 12 and 16 with the whole blocks that came. A transfer that the initiator
 * made shorter than the CDB says is written as far as it goes (RFC 7143 11.4.5.2: overflow).
 */
export function write(disk: VirtualDisk, command: Command): void {
  const length = command.outLength - command.outLength % disk.blockSize;
  disk.statistics.countWrite(length / disk.blockSize);
  if (length === 0) return command.succeed();
  const offset = command.lba * disk.blockSize;
  if (isDurable(disk, command)) {
    return writeLater(disk, command, IoOperation.WRITE_DURABLE, offset, length);
  }
  const iov = disk.onePiece(command.out!.address + command.outAt, length);
  if (disk.store.writeNow(iov, offset, length) === length) {
    disk.flusher.noteWrite();
    return command.succeed();
  }
  writeLater(disk, command, IoOperation.WRITE, offset, length);
}

function writeLater(
  disk: VirtualDisk,
  command: Command,
  operation: number,
  offset: number,
  length: number,
): void {
  if (!command.outOwned && !disk.hasMemory) {
    disk.flusher.noteChange(); // a part of it may have been written at once
    return command.refuseForNow();
  }
  const request = disk.takeRequest(command);
  const out = command.out!;
  if (command.outOwned) {
    request.memory = out;
    request.iov.push(out.address + command.outAt, length);
  } else {
    request.memory = disk.memory.take(length);
    request.memory.bytes.set(out.bytes.subarray(command.outAt, command.outAt + length));
    request.iov.push(request.memory.address, length);
  }
  command.out = undefined;
  request.began = disk.statistics.begin();
  request.start(operation, offset, length, finishWrite);
}

/** Sets the sense of a command whose blocks could not be written. */
export function setWriteSense(command: Command, errno: number): void {
  const sense = senseOfWrite(errno);
  command.setSense(sense);
  if (sense === Sense.WRITE_ERROR) command.information = command.lba;
}

/** Ends a command whose last operation changed the medium. */
export function finishWrite(request: DiskRequest): void {
  const command = request.command!;
  if (request.result < 0) setWriteSense(command, -request.result);
  const { disk } = request;
  if (request.began > 0) disk.statistics.endWrite(request.began);
  disk.giveRequest(request);
  command.complete();
}
