/** READ TOC/PMA/ATIP (MMC-6). */
import type { Command } from "../scsi/command.ts";
import { Profile, profileOf, SESSION, TRACK } from "./disc.ts";
import { msfOf } from "./msf.ts";
import type { VirtualDisk } from "./virtual_disk.ts";

/** FORMAT (MMC-6); discs that were pressed have neither PMA nor ATIP, and this one no text. */
const Format = { TOC: 0, SESSIONS: 1, FULL_TOC: 2 } as const;

const MSF = 0x02;
const LEAD_OUT = 0xaa;

/** ADR 1h, CONTROL 4h: this is about the position of a data track. */
const DATA_TRACK = 0x14;

/** POINT of a full TOC beside the track numbers: where the first and the last track and the lead-out are. */
const Point = { FIRST_TRACK: 0xa0, LAST_TRACK: 0xa1, LEAD_OUT: 0xa2 } as const;

/** Executes READ TOC/PMA/ATIP. */
export function readToc(disk: VirtualDisk, command: Command): void {
  const { cdb } = command;
  // Linux has the format of SFF-8020i, in the CONTROL byte, when it looks for the last session.
  const format = cdb[2]! !== 0 ? cdb[2]! : cdb[9]! >> 6;
  const first = cdb[6]!;
  const isMsf = (cdb[1]! & MSF) !== 0;
  switch (format) {
    case Format.TOC:
      if (first > TRACK && first !== LEAD_OUT) return command.failField(6);
      return command.respond(encode([
        ...(first === LEAD_OUT ? [] : [trackDescriptor(TRACK, 0, isMsf)]),
        trackDescriptor(LEAD_OUT, disk.capacity, isMsf),
      ]));
    case Format.SESSIONS:
      return command.respond(encode([trackDescriptor(TRACK, 0, isMsf)]));
    case Format.FULL_TOC:
      // Only the lead-in of a CD has one.
      if (profileOf(disk) !== Profile.CD_ROM) break;
      if (first > SESSION) return command.failField(6);
      return command.respond(encode([
        pointDescriptor(Point.FIRST_TRACK, [TRACK, 0, 0]), // second: a disc of type CD-ROM
        pointDescriptor(Point.LAST_TRACK, [TRACK, 0, 0]),
        pointDescriptor(Point.LEAD_OUT, msfOf(disk.capacity)),
        pointDescriptor(TRACK, msfOf(0)),
      ]));
  }
  command.failField(2, 3);
}

/** The header, with the numbers of the first and the last track or session, and the descriptors. */
function encode(descriptors: readonly (readonly number[])[]): Uint8Array {
  const content = [TRACK, TRACK, ...descriptors.flat()];
  return Uint8Array.from([content.length >> 8, content.length, ...content]);
}

/** A TOC track descriptor (MMC-6). */
function trackDescriptor(track: number, lba: number, isMsf: boolean): number[] {
  const address = isMsf ? [0, ...msfOf(lba)] : [lba >>> 24, lba >>> 16, lba >>> 8, lba];
  return [0, DATA_TRACK, track, 0, ...address];
}

/** An entry of a full TOC (MMC-6). */
function pointDescriptor(point: number, pointed: readonly number[]): number[] {
  return [SESSION, DATA_TRACK, 0, point, 0, 0, 0, 0, ...pointed];
}
