/** READ DISC STRUCTURE (MMC-6): what the lead-in of a DVD says. */
import type { Command } from "../scsi/command.ts";
import { Sense } from "../scsi/sense.ts";
import { Profile, profileOf } from "./disc.ts";
import type { VirtualDisk } from "./virtual_disk.ts";

/** One structure: its FORMAT, and what stands behind the header. */
interface DiscStructure {
  readonly format: number;
  build(disk: VirtualDisk): Uint8Array;
}

const STRUCTURES: readonly DiscStructure[] = [
  { format: 0x00, build: physicalFormat },
  { format: 0x01, build: () => new Uint8Array(4) }, // Copyright: no protection, for all regions
  { format: 0x04, build: () => new Uint8Array(2048) }, // Manufacturing information: none
];

/** FORMAT that lists the others. */
const LIST = 0xff;
/** RDS: the structure can be read. */
const READABLE = 0x40;

/** Where the data of a DVD begins, as its own sector numbers have it. */
const FIRST_SECTOR = 0x030000;
const LAST_SECTOR = 0xffffff;

/** Executes READ DISC STRUCTURE. */
export function readDiscStructure(disk: VirtualDisk, command: Command): void {
  const { cdb } = command;
  if (cdb[1] !== 0) return command.failField(1, 3); // MEDIA TYPE: DVD
  if (profileOf(disk) !== Profile.DVD_ROM) return command.fail(Sense.INCOMPATIBLE_FORMAT);
  if (cdb[6] !== 0) return command.failField(6); // LAYER NUMBER
  if (cdb[7] === LIST) return command.respond(withHeader(listOf(disk)));
  const structure = STRUCTURES.find(({ format }) => format === cdb[7]);
  if (structure === undefined) return command.failField(7);
  command.respond(withHeader(structure.build(disk)));
}

function withHeader(content: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(4 + content.length);
  new DataView(bytes.buffer).setUint16(0, bytes.length - 2);
  bytes.set(content, 4);
  return bytes;
}

/** Physical format information (MMC-6): a DVD-ROM of 120 mm with one layer. */
function physicalFormat(disk: VirtualDisk): Uint8Array {
  const view = new DataView(new ArrayBuffer(2048));
  const last = Math.min(FIRST_SECTOR + disk.capacity - 1, LAST_SECTOR);
  view.setUint8(0, 0x01); // DISK CATEGORY DVD-ROM, PART VERSION 1
  view.setUint8(1, 0x0f); // 120 mm; MAXIMUM RATE not specified
  view.setUint8(2, 0x01); // LAYER TYPE: embossed data
  view.setUint32(4, FIRST_SECTOR);
  view.setUint32(8, last);
  return new Uint8Array(view.buffer);
}

/** The disc structure list (MMC-6). */
function listOf(disk: VirtualDisk): Uint8Array {
  const view = new DataView(new ArrayBuffer(4 * STRUCTURES.length));
  STRUCTURES.forEach(({ format, build }, index) => {
    view.setUint8(index * 4, format);
    view.setUint8(index * 4 + 1, READABLE);
    view.setUint16(index * 4 + 2, 4 + build(disk).length);
  });
  return new Uint8Array(view.buffer);
}
