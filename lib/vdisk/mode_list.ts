/** The parameter list of MODE SELECT (SPC-5 6.11, 6.12, 7.5): checked as a whole before anything is changed. */
import type { Command } from "../scsi/command.ts";
import { Sense } from "../scsi/sense.ts";
import {
  canHave,
  maskOf,
  MODE_FIELDS,
  type ModeField,
  type ModeName,
  type ModeValues,
} from "./mode_fields.ts";
import { buildModePage, modePagesOf, PageControl } from "./mode_pages.ts";
import { buildBlockDescriptor } from "./mode_sense.ts";
import type { VirtualDisk } from "./virtual_disk.ts";

const MODE_SELECT_10 = 0x55;
const LONG_LBA = 0x01;
const SUBPAGE_FORMAT = 0x40;

/** The mode parameters as the list of the command wants them; undefined when it has been failed. */
export function readModeList(disk: VirtualDisk, command: Command): ModeValues | undefined {
  const { out, outAt, outLength, wantedOut } = command;
  if (wantedOut === 0) return disk.modes.current;
  const list = out?.bytes.subarray(outAt, outAt + outLength) ?? new Uint8Array(0);
  const long = command.cdb[0] === MODE_SELECT_10;
  const header = long ? 8 : 4;
  if (outLength < wantedOut || list.length < header) return failLength(command);
  const descriptor = long ? list[6]! << 8 | list[7]! : list[3]!;
  const longLba = long && (list[4]! & LONG_LBA) !== 0;
  const current = buildBlockDescriptor(disk, longLba);
  if (descriptor !== 0 && descriptor !== current.length) return failAt(command, long ? 6 : 3);
  const values: Record<ModeName, number> = { ...disk.modes.current };
  let at = header + descriptor;
  if (list.length < at) return failLength(command);
  const refused = checkBlockDescriptor(list.subarray(header, at), current);
  if (refused >= 0) return failAt(command, header + refused);
  while (at < list.length) {
    const page = modePagesOf(disk).find(({ code }) => code === (list[at]! & 0x3f));
    if ((list[at]! & SUBPAGE_FORMAT) !== 0) return failAt(command, at, 6);
    if (page === undefined) return failAt(command, at, 5);
    if (at + 1 < list.length && list[at + 1] !== page.length) return failAt(command, at + 1);
    const end = at + 2 + page.length;
    if (list.length < end) return failLength(command);
    const present = buildModePage(page, disk, PageControl.CURRENT);
    const changeable = buildModePage(page, disk, PageControl.CHANGEABLE);
    for (let index = 2; index < present.length; index++) {
      const wrong = (list[at + index]! ^ present[index]!) & ~changeable[index]!;
      if (wrong !== 0) return failAt(command, at + index, 31 - Math.clz32(wrong));
    }
    for (const name of disk.modes.changeable) {
      const field = MODE_FIELDS[name];
      if (field.page !== page.code) continue;
      const value = (list[at + field.byte]! & maskOf(field)) >> field.shift;
      if (!canHave(field, value)) return failAt(command, at + field.byte, topBit(field));
      values[name] = value;
    }
    at = end;
  }
  return values;
}

/** The byte of a block descriptor that asks for other blocks than there are (SBC-4 6.5.2); or -1. */
function checkBlockDescriptor(descriptor: Uint8Array, current: Uint8Array): number {
  if (descriptor.length === 0) return -1;
  const count = descriptor.length === 16 ? 8 : 4;
  const isCount = (digit: number) => descriptor.subarray(0, count).every((byte) => byte === digit);
  // Zero keeps the number of blocks, and all ones stand for as many as there can be.
  if (!isCount(0x00) && !isCount(0xff)) {
    for (let at = 0; at < count; at++) if (descriptor[at] !== current[at]) return 0;
  }
  for (let at = count; at < descriptor.length; at++) {
    if (descriptor[at] !== current[at]) return at;
  }
  return -1;
}

/** The most significant bit of a field. */
function topBit({ shift, width }: ModeField): number {
  return shift + width - 1;
}

function failLength(command: Command): undefined {
  command.fail(Sense.PARAMETER_LIST_LENGTH_ERROR);
}

function failAt(command: Command, byte: number, bit = 7): undefined {
  command.failParameter(byte, bit);
}
