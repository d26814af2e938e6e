/** READ DISC INFORMATION and READ TRACK INFORMATION (MMC-6): a finished disc with one track. */
import type { Command } from "../scsi/command.ts";
import { Profile, profileOf, SESSION, TRACK } from "./disc.ts";
import { isOnMedium } from "./range.ts";
import type { VirtualDisk } from "./virtual_disk.ts";

/** DATA TYPE: the only one, as nothing is recorded here. */
const STANDARD = 0;

const COMPLETE_SESSION = 3 << 2;
const FINALIZED_DISC = 2;
/** URU: the disc may be used for anything. */
const UNRESTRICTED = 0x20;
/** DISC TYPE of what is no CD. */
const UNDEFINED = 0xff;

/** Executes READ DISC INFORMATION. */
export function readDiscInformation(disk: VirtualDisk, command: Command): void {
  if (command.cdb[1] !== STANDARD) return command.failField(1, 2);
  const view = new DataView(new ArrayBuffer(34));
  view.setUint16(0, view.byteLength - 2);
  view.setUint8(2, COMPLETE_SESSION | FINALIZED_DISC);
  view.setUint8(3, TRACK); // the first one
  view.setUint8(4, SESSION); // so many
  view.setUint8(5, TRACK); // the first one of the last session
  view.setUint8(6, TRACK); // the last one
  view.setUint8(7, UNRESTRICTED);
  view.setUint8(8, profileOf(disk) === Profile.CD_ROM ? 0 : UNDEFINED);
  view.setUint32(16, 0xffffffff); // where another session would begin
  view.setUint32(20, 0xffffffff); // where it would have to end
  command.respond(new Uint8Array(view.buffer));
}

/** ADDRESS/NUMBER TYPE (MMC-6). */
const By = { LBA: 0, TRACK: 1, SESSION: 2 } as const;

/** TRACK MODE: data, recorded without interruption. */
const DATA = 4;
/** DATA MODE: mode 1, 2048 bytes in a block. */
const MODE_1 = 1;

/** Executes READ TRACK INFORMATION. */
export function readTrackInformation(disk: VirtualDisk, command: Command): void {
  const wanted = command.cdbView.getUint32(2);
  switch (command.cdb[1]) {
    case By.LBA:
      command.lba = wanted;
      if (!isOnMedium(disk, command)) return;
      break;
    case By.TRACK:
    case By.SESSION:
      if (wanted !== TRACK) return command.failField(2);
      break;
    default:
      return command.failField(1, 1);
  }
  const view = new DataView(new ArrayBuffer(48));
  view.setUint16(0, view.byteLength - 2);
  view.setUint8(2, TRACK);
  view.setUint8(3, SESSION);
  view.setUint8(5, DATA);
  view.setUint8(6, MODE_1);
  view.setUint32(24, disk.capacity); // TRACK SIZE; it starts with block 0
  command.respond(new Uint8Array(view.buffer));
}
