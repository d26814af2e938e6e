/** READ (SBC-4 5.11 to 5.15). */
import type { Command } from "../scsi/command.ts";
import { IoOperation } from "../store/io_request.ts";
import type { DiskRequest } from "./disk_request.ts";
import { senseOfRead } from "./errno_sense.ts";
import { isTransferable } from "./range.ts";
import type { VirtualDisk } from "./virtual_disk.ts";

/** Bytes that are read without a look at the memory that is in use. */
const SMALL = 256 * 2 ** 10;

/** Executes READ 6, 10, 12 and 16. What is in memory already is answered in the same turn. */
export function read(disk: VirtualDisk, command: Command): void {
  if (!isTransferable(disk, command)) return;
  const available = command.blocks * disk.blockSize;
  const length = Math.min(available, command.expectedIn);
  if (length > 0 && !command.claimRoom(command.sizeOfLayout(length))) return;
  disk.statistics.countRead(command.blocks);
  command.availableIn = available;
  if (length === 0) return command.succeed();
  // However many peers do not take what they asked for, together they must not fill the memory.
  if (length > SMALL && !disk.hasMemory) return command.refuseForNow();
  const iov = command.reserveData(length);
  if (disk.store.readNow(iov, command.lba * disk.blockSize, length) === length) {
    command.commitData();
    command.succeed();
    return;
  }
  command.releaseData();
  readLater(disk, command, length);
}

function readLater(disk: VirtualDisk, command: Command, length: number): void {
  if (!disk.hasMemory) return command.refuseForNow();
  const request = disk.takeRequest(command);
  request.memory = disk.memory.take(command.sizeOfLayout(length));
  command.layoutData(request.memory, length, request.iov);
  request.began = disk.statistics.begin();
  request.start(IoOperation.READ, command.lba * disk.blockSize, length, finishRead);
}

function finishRead(request: DiskRequest): void {
  const command = request.command!;
  const { result, length, disk } = request;
  disk.statistics.endRead(request.began);
  if (result < 0) {
    command.setSense(senseOfRead(-result));
    command.information = command.lba;
  } else if (!command.aborted) {
    const memory = request.memory!;
    request.memory = undefined;
    command.sendLayout(memory, length);
  }
  disk.giveRequest(request);
  command.complete();
}
