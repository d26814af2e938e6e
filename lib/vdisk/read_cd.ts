/** READ CD and READ CD MSF (MMC-6): the user data of a CD, which is all that an image has. */
import type { Command } from "../scsi/command.ts";
import { Sense } from "../scsi/sense.ts";
import { Profile, profileOf } from "./disc.ts";
import { lbaOf } from "./msf.ts";
import { read } from "./read.ts";
import type { VirtualDisk } from "./virtual_disk.ts";

/** EXPECTED SECTOR TYPE. */
const SectorType = { ANY: 0, MODE_1: 2 } as const;
const SECTOR_TYPE_MOST = 5;

/** Main channel selection: USER DATA alone. */
const USER_DATA = 0x10;

/** Executes READ CD; LBA and TRANSFER LENGTH have been decoded. */
export function readCd(disk: VirtualDisk, command: Command): void {
  const { cdb } = command;
  const type = cdb[1]! >> 2 & 7;
  if (type > SECTOR_TYPE_MOST) return command.failField(1, 4);
  if (profileOf(disk) !== Profile.CD_ROM) return command.fail(Sense.INCOMPATIBLE_FORMAT);
  if (type !== SectorType.ANY && type !== SectorType.MODE_1) {
    return command.fail(Sense.ILLEGAL_MODE_FOR_THIS_TRACK);
  }
  if ((cdb[9]! & ~USER_DATA) !== 0) return command.failField(9);
  if (cdb[10] !== 0) return command.failField(10, 2); // SUB-CHANNEL SELECTION
  if (cdb[9] === 0) command.blocks = 0; // nothing of the blocks is wanted
  read(disk, command);
}

/** Executes READ CD MSF, which names the first block and the one behind the last. */
export function readCdMsf(disk: VirtualDisk, command: Command): void {
  const start = lbaOf(command.cdb, 3);
  const end = lbaOf(command.cdb, 6);
  if (start === undefined) return command.failField(3);
  if (end === undefined || end < start) return command.failField(6);
  // The two seconds in front of block 0 belong to no track.
  if (start < 0) return command.fail(Sense.LBA_OUT_OF_RANGE);
  command.lba = start;
  command.blocks = end - start;
  readCd(disk, command);
}
