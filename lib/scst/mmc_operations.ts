/** The commands that MMC-6 alone defines: rows of the opcode table. */
import type { Command } from "../scsi/command.ts";
import { CD_ROM_ONLY } from "../scsi/device_type.ts";
import { readDiscInformation, readTrackInformation } from "../vdisk/disc_information.ts";
import { readDiscStructure } from "../vdisk/disc_structure.ts";
import { getConfiguration } from "../vdisk/get_configuration.ts";
import { mechanismStatus } from "../vdisk/mechanism_status.ts";
import { readCd, readCdMsf } from "../vdisk/read_cd.ts";
import { readToc } from "../vdisk/read_toc.ts";
import type { VirtualDisk } from "../vdisk/virtual_disk.ts";
import { Access } from "./access.ts";
import { Timeouts } from "./command_timeouts.ts";
import { decodeReadCd, length16 } from "./cdb_fields.ts";
import { getEventStatus } from "./event_status.ts";
import type { Operation } from "./operation.ts";
import { row, type Traits } from "./operation_row.ts";

const { NONE, READ } = Access;

const SMALL = { timeouts: Timeouts.SMALL } as const;

/** A row of a drive for CDs. */
function mmcRow(name: string, usage: string, traits: Traits): Operation {
  return row(name, usage, { types: CD_ROM_ONLY, ...traits });
}

/** Whatever the speed of a drive, that of an image is the same. */
const succeed = (_disk: VirtualDisk, command: Command) => command.succeed();

export const MMC_OPERATIONS: readonly Operation[] = [
  // CONTROL has the format as SFF-8020i has it.
  mmcRow("READ TOC/PMA/ATIP", "43 02 0f 000000 ff ffff c0", {
    ...SMALL,
    access: READ,
    decode: length16(7),
    onDisk: readToc,
  }),
  mmcRow("GET CONFIGURATION", "46 03 ffff 000000 ffff 00", {
    ...SMALL,
    access: NONE,
    passesAttention: true,
    withoutMedium: true,
    decode: length16(7),
    onDisk: getConfiguration,
  }),
  mmcRow("GET EVENT STATUS NOTIFICATION", "4a 01 0000 7e 0000 ffff 00", {
    ...SMALL,
    access: NONE,
    passesAttention: true,
    decode: length16(7),
    onNexus: getEventStatus,
  }),
  mmcRow("READ DISC INFORMATION", "51 07 0000000000 ffff 00", {
    ...SMALL,
    access: READ,
    decode: length16(7),
    onDisk: readDiscInformation,
  }),
  mmcRow("READ TRACK INFORMATION", "52 03 ffffffff 00 ffff 00", {
    ...SMALL,
    access: READ,
    decode: length16(7),
    onDisk: readTrackInformation,
  }),
  mmcRow("READ DISC STRUCTURE", "ad 0f ffffffff ff ff ffff c0 00", {
    ...SMALL,
    access: READ,
    decode: length16(8),
    onDisk: readDiscStructure,
  }),
  mmcRow("READ CD MSF", "b9 1c 00 ffffff ffffff fe 07 00", { access: READ, onDisk: readCdMsf }),
  mmcRow("SET CD SPEED", "bb 03 ffff ffff 0000000000 00", { ...SMALL, onDisk: succeed }),
  mmcRow("MECHANISM STATUS", "bd 00 000000000000 ffff 00 00", {
    ...SMALL,
    access: NONE,
    withoutMedium: true,
    decode: length16(8),
    onDisk: mechanismStatus,
  }),
  mmcRow("READ CD", "be 1c ffffffff ffffff fe 07 00", {
    access: READ,
    decode: decodeReadCd,
    onDisk: readCd,
  }),
];
