/** UNMAP (SBC-4 5.35). */
import type { Command } from "../scsi/command.ts";
import { Sense } from "../scsi/sense.ts";
import { IoOperation } from "../store/io_request.ts";
import type { DiskRequest } from "./disk_request.ts";
import { UNMAP_DESCRIPTORS_MOST, UNMAP_MOST, type VirtualDisk } from "./virtual_disk.ts";
import { finishWrite } from "./write.ts";

const HEADER = 8;
const DESCRIPTOR = 16;

/** Checks an UNMAP before its parameter list is asked for. */
export function checkUnmap(_disk: VirtualDisk, command: Command): boolean {
  if ((command.cdb[1]! & 0x01) !== 0) { // ANCHOR
    command.failField(1, 0);
    return false;
  }
  if (command.allocationLength > 0 && command.allocationLength < HEADER) {
    command.fail(Sense.PARAMETER_LIST_LENGTH_ERROR);
    return false;
  }
  return true;
}

/** Executes UNMAP: checks every descriptor before the first block is given back. */
export function unmap(disk: VirtualDisk, command: Command): void {
  if (command.wantedOut === 0) return command.succeed();
  if (command.outLength < command.wantedOut) {
    return command.fail(Sense.PARAMETER_LIST_LENGTH_ERROR);
  }
  const list = new DataView(command.out!.bytes.buffer, command.outAt, command.outLength);
  const listed = Math.min(list.getUint16(2), command.outLength - HEADER);
  const count = Math.floor(listed / DESCRIPTOR);
  if (count > UNMAP_DESCRIPTORS_MOST) return command.failParameter(2);
  let total = 0;
  for (let index = 0; index < count; index++) {
    const at = HEADER + index * DESCRIPTOR;
    const { lba, blocks } = descriptorAt(list, at);
    total += blocks;
    if (lba >= disk.capacity && blocks > 0 || lba + blocks > disk.capacity) {
      command.information = Math.max(lba, disk.capacity);
      return command.fail(Sense.LBA_OUT_OF_RANGE);
    }
    if (total * disk.blockSize > UNMAP_MOST) return command.failParameter(at + 8);
  }
  if (!disk.hasMemory) return command.refuseForNow();
  const request = disk.takeRequest(command);
  request.memory = disk.memory.take(HEADER + count * DESCRIPTOR);
  const descriptors = command.out!.bytes.subarray(
    command.outAt + HEADER,
    command.outAt + HEADER + count * DESCRIPTOR,
  );
  request.memory.bytes.set(descriptors);
  request.memory.bytes.fill(0, count * DESCRIPTOR, count * DESCRIPTOR + 8);
  request.step = 0;
  request.result = 0;
  command.blocks = count;
  nextDescriptor(request);
}

function descriptorAt(list: DataView, at: number): { lba: number; blocks: number } {
  return {
    lba: list.getUint32(at) * 2 ** 32 + list.getUint32(at + 4),
    blocks: list.getUint32(at + 8),
  };
}

function nextDescriptor(request: DiskRequest): void {
  const command = request.command!;
  const { disk, memory } = request;
  while (request.result >= 0 && request.step < command.blocks && !command.aborted) {
    const { lba, blocks } = descriptorAt(memory!.view, request.step++ * DESCRIPTOR);
    if (blocks === 0) continue;
    const length = blocks * disk.blockSize;
    const operation = disk.store.forgets === true ? IoOperation.DISCARD : IoOperation.PUNCH;
    return request.start(operation, lba * disk.blockSize, length, nextDescriptor);
  }
  finishWrite(request);
}
