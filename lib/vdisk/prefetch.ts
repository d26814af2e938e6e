/** PRE-FETCH (SBC-4 5.9, 5.10). The cache is that of the system in front of the store. */
import type { Command } from "../scsi/command.ts";
import { Status } from "../scsi/status.ts";
import { IoOperation } from "../store/io_request.ts";
import type { DiskRequest } from "./disk_request.ts";
import { senseOfRead } from "./errno_sense.ts";
import { isOnMedium } from "./range.ts";
import type { VirtualDisk } from "./virtual_disk.ts";

const IMMED = 0x02;

/** Bytes that one command brings into the cache; it has no room for more, says the status. */
const PREFETCH_MOST = 8 * 2 ** 20;

/** Bytes that are read at once. */
const CHUNK = 2 ** 20;

/** Commands that have ended (IMMED) and still read; the cache has no room for more. */
const BACKGROUND_MOST = 8;

/** Executes PRE-FETCH 10 and 16: CONDITION MET when the cache has room for all blocks, else GOOD. */
export function prefetch(disk: VirtualDisk, command: Command): void {
  if (!isOnMedium(disk, command)) return;
  // A length of zero reaches to the end of the medium.
  if (command.blocks === 0) command.blocks = disk.capacity - command.lba;
  const offset = command.lba * disk.blockSize;
  const wanted = command.blocks * disk.blockSize;
  const end = offset + Math.min(wanted, PREFETCH_MOST);
  command.status = wanted <= PREFETCH_MOST ? Status.CONDITION_MET : Status.GOOD;
  const waits = (command.cdb[1]! & IMMED) === 0;
  if (waits && !command.claimRoom(CHUNK)) return;
  if (!disk.hasMemory) return command.refuseForNow();
  if (!waits && disk.prefetches === BACKGROUND_MOST) {
    command.status = Status.GOOD;
    return command.complete();
  }
  const request = disk.takeRequest(waits ? command : undefined);
  if (!waits) disk.prefetches++;
  request.memory = disk.memory.take(CHUNK);
  readChunk(request, offset, end);
  if (!waits) command.complete();
}

function readChunk(request: DiskRequest, offset: number, end: number): void {
  const length = Math.min(CHUNK, end - offset);
  request.iov.clear();
  request.iov.push(request.memory!.address, length);
  request.start(IoOperation.READ, offset, length, (read) => {
    const next = offset + length;
    if (read.result < 0 || next === end || read.command?.aborted === true) finish(read);
    else readChunk(read, next, end);
  });
}

function finish(request: DiskRequest): void {
  const { command, result, disk } = request;
  if (command !== undefined && result < 0) {
    command.setSense(senseOfRead(-result));
    command.information = command.lba;
  }
  disk.giveRequest(request);
  if (command === undefined) disk.prefetches--;
  else command.complete();
}
