/** ORWRITE (SBC-4 5.8): the blocks become what they are, ORed with what comes. */
import type { Command } from "../scsi/command.ts";
import type { DiskRequest } from "./disk_request.ts";
import { readForUpdate, writeBack } from "./read_for_update.ts";
import type { VirtualDisk } from "./virtual_disk.ts";

/** Executes ORWRITE(16). Like WRITE it goes as far as the initiator has data. */
export function orWrite(disk: VirtualDisk, command: Command): void {
  command.blocks = Math.floor(command.outLength / disk.blockSize);
  if (command.blocks === 0) return command.succeed();
  readForUpdate(disk, command, orThenWrite);
}

function orThenWrite(request: DiskRequest): void {
  const length = request.command!.blocks * request.disk.blockSize;
  const { bytes } = request.memory!;
  for (let at = 0; at < length; at++) bytes[at]! |= bytes[length + at]!;
  writeBack(request, 0);
}
