/**
 * START STOP UNIT (SBC-4 5.25, MMC-6): loads and ejects the medium of a removable device. A disk that many
 * share is not stopped for all of them by one, and it has no power to save: what asks for either
 * flushes, as with SCST.
 */
import { Sense } from "../scsi/sense.ts";
import { senseOfWrite } from "../vdisk/errno_sense.ts";
import { flush } from "../vdisk/synchronize_cache.ts";
import { announceMedium, announceRemoval } from "./medium_change.ts";
import type { Nexus } from "./nexus.ts";
import type { CoreCommand } from "./operation.ts";

const IMMED = 0x01;
const START = 0x01;
const LOEJ = 0x02;
const NO_FLUSH = 0x04;
const POWER_CONDITION = 0xf0;

/** Executes START STOP UNIT. */
export function startStopUnit(_nexus: Nexus, command: CoreCommand): void {
  const { disk } = command.unit!;
  const flags = command.cdb[4]!;
  // With a power condition START and LOEJ mean nothing.
  if ((flags & POWER_CONDITION) !== 0) return flushFor(command, () => {});
  if ((flags & LOEJ) !== 0) {
    if (!disk.settings.removable) return command.failField(4, 1);
    const load = (flags & START) !== 0;
    if (disk.tray.isOpen !== load) return command.succeed();
    if (disk.tray.preventers.size > 0) return command.fail(Sense.MEDIUM_REMOVAL_PREVENTED);
    return load ? loadMedium(command) : ejectMedium(command);
  }
  if (!disk.hasMedium) return command.fail(disk.absence);
  if ((flags & START) !== 0) return command.succeed();
  flushFor(command, () => {});
}

function loadMedium(command: CoreCommand): void {
  const { disk, device } = command.unit!;
  disk.tray.close();
  announceMedium(device, command.unit);
  command.succeed();
}

function ejectMedium(command: CoreCommand): void {
  const { disk, device } = command.unit!;
  if (disk.hasMedium) announceRemoval(device);
  // At once: no command that comes while it flushes finds a medium.
  disk.tray.open();
  flushFor(command, () => {
    disk.tray.close();
  });
}

/** Flushes unless the command does not want it, and ends the command: before that if it is IMMED. */
function flushFor(command: CoreCommand, undo: () => void): void {
  const { disk } = command.unit!;
  if (disk.settings.nvCache || (command.cdb[4]! & NO_FLUSH) !== 0) return command.succeed();
  if ((command.cdb[1]! & IMMED) !== 0) {
    flush(disk, () => {});
    return command.succeed();
  }
  flush(disk, (result) => {
    if (result === 0) return command.succeed();
    undo();
    command.fail(senseOfWrite(-result));
  });
}
