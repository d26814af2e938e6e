/** READ (SBC-4 5.11 to 5.15). */
import type { Command } from "../scsi/command.ts";
import { Sense } from "../scsi/sense.ts";
import { IoOperation } from "../store/io_request.ts";
import type { DiskRequest } from "./disk_request.ts";
import { senseOfRead, senseOfWrite } from "./errno_sense.ts";
import { isTransferable } from "./range.ts";
import type { VirtualDisk } from "./virtual_disk.ts";
import { hasFua } from "./write.ts";

/** Bytes that are read without a look at the memory that is in use. */
const SMALL = 256 * 2 ** 10;

/**
 * Executes READ 6, 10, 12 and 16. What is in memory already is answered in the same turn, unless it has
 * to be on stable storage (FUA) and may not be.
 */
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
  if (hasFua(command) && disk.flusher.isAhead) {
    if (disk.failure !== 0) return command.fail(Sense.LOGICAL_UNIT_FAILURE);
    return readLater(disk, command, length);
  }
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
  const { result, disk } = request;
  disk.statistics.endRead(request.began);
  if (result < 0) {
    command.setSense(senseOfRead(-result));
    command.information = command.lba;
  } else if (!command.aborted) {
    return hasFua(command) ? settleThenSend(request) : send(request);
  }
  end(request);
}

/**
 * The standard has a device write what it has in its cache to the medium first, and read that. Here that
 * is done behind the read: so what is sent is on stable storage even if somebody has written it meanwhile.
 */
function settleThenSend(request: DiskRequest): void {
  request.disk.flusher.settle((result) => {
    const command = request.command!;
    if (result < 0) command.setSense(senseOfWrite(-result));
    else if (!command.aborted) return send(request);
    end(request);
  });
}

function send(request: DiskRequest): void {
  const memory = request.memory!;
  request.memory = undefined;
  request.command!.sendLayout(memory, request.length);
  end(request);
}

/** Ends the command with the status that is set, or that of what was sent. */
function end(request: DiskRequest): void {
  const command = request.command!;
  request.disk.giveRequest(request);
  command.complete();
}
