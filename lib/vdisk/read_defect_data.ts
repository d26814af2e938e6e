/** READ DEFECT DATA (SBC-4 5.16, 5.17): a disk over a store knows of no defects. */
import type { Command } from "../scsi/command.ts";
import type { VirtualDisk } from "./virtual_disk.ts";

const READ_DEFECT_DATA_12 = 0xb7;

/** REQ_PLIST and REQ_GLIST; PLISTV and GLISTV have their places in the answer. */
const LISTS = 0x18;

/** DEFECT LIST FORMATs (SBC-4 table 45) that are not there: an empty list can be in any other. */
const RESERVED_FORMATS = [2, 7];

/** Executes READ DEFECT DATA 10 and 12: an empty list in the format that is asked for. */
export function readDefectData(_disk: VirtualDisk, command: Command): void {
  const long = command.cdb[0] === READ_DEFECT_DATA_12;
  const at = long ? 1 : 2;
  const asked = command.cdb[at]!;
  if (RESERVED_FORMATS.includes(asked & 7)) return command.failField(at, 2);
  const header = new Uint8Array(long ? 8 : 4);
  header[1] = asked & (LISTS | 7);
  command.respond(header);
}
