/** Commands that read their blocks before they write them. The table gives them their blocks alone. */
import type { Command } from "../scsi/command.ts";
import { IoOperation } from "../store/io_request.ts";
import type { DiskRequest } from "./disk_request.ts";
import { senseOfRead } from "./errno_sense.ts";
import type { VirtualDisk } from "./virtual_disk.ts";
import { finishWrite, isDurable } from "./write.ts";

/**
 * Reads the blocks of a command into the memory of a request and puts the data that came behind
 * them; then calls `then`, in the same turn when the store need not sleep. A command whose blocks
 * cannot be read has ended.
 */
export function readForUpdate(
  disk: VirtualDisk,
  command: Command,
  then: (request: DiskRequest) => void,
): void {
  const length = command.blocks * disk.blockSize;
  if (!command.claimRoom(length + command.outLength)) return;
  if (!disk.hasMemory) return command.refuseForNow();
  const offset = command.lba * disk.blockSize;
  const request = disk.takeRequest(command);
  const memory = disk.memory.take(length + command.outLength);
  request.memory = memory;
  const { out, outAt, outLength } = command;
  memory.bytes.set(out!.bytes.subarray(outAt, outAt + outLength), length);
  if (disk.store.readNow(disk.onePiece(memory.address, length), offset, length) === length) {
    return then(request);
  }
  request.iov.push(memory.address, length);
  request.start(IoOperation.READ, offset, length, (read) => {
    if (read.result < 0) return failRead(read);
    // An initiator that has given its command up takes its blocks to be as they were.
    if (command.aborted) return giveUp(read);
    then(read);
  });
}

function failRead(request: DiskRequest): void {
  const command = request.command!;
  command.setSense(senseOfRead(-request.result));
  command.information = command.lba;
  giveUp(request);
}

/** Ends a command that has written nothing, with the status that is set. */
export function giveUp(request: DiskRequest): void {
  const command = request.command!;
  request.disk.giveRequest(request);
  command.complete();
}

/**
 * Writes the blocks of the command from `at` of the request's memory; `then` is called when that has
 * failed or succeeded, as `request.result` says.
 */
export function writeBack(
  request: DiskRequest,
  at: number,
  then: (request: DiskRequest) => void = finishWrite,
): void {
  const { disk, memory } = request;
  const command = request.command!;
  const length = command.blocks * disk.blockSize;
  const offset = command.lba * disk.blockSize;
  const address = memory!.address + at;
  const durable = isDurable(disk, command);
  if (!durable && disk.store.writeNow(disk.onePiece(address, length), offset, length) === length) {
    disk.flusher.noteWrite();
    request.result = 0;
    return then(request);
  }
  request.iov.clear();
  request.iov.push(address, length);
  request.start(durable ? IoOperation.WRITE_DURABLE : IoOperation.WRITE, offset, length, then);
}
