/**
 * FORMAT UNIT (SBC-4 5.4). As with SCST's disks there is nothing to format: the blocks stay as they
 * are. All that was written is brought to stable storage, and that is what takes its time.
 */
import type { Command } from "../scsi/command.ts";
import { Sense } from "../scsi/sense.ts";
import { takeAllBlocks } from "./sanitize.ts";
import type { VirtualDisk } from "./virtual_disk.ts";

const LONGLIST = 0x20;
const FMTDATA = 0x10;

const SHORT_HEADER = 4;
const LONG_HEADER = 8;

/** Bits of byte 1 of the parameter list header (SBC-4 tables 37, 38). */
const FOV = 0x80;
const IP = 0x08;
const IMMED = 0x02;
/** DPRY, DCRT, STPF, IP: they mean something with FOV only. */
const OPTIONS = 0x78;
const KNOWN = FOV | OPTIONS | IMMED;

const isLong = (command: Command) => (command.cdb[1]! & LONGLIST) !== 0;

/** Bytes of data-out: the header, for the list of defects behind it has to be empty. */
export function formatUnitOut(command: Command): number {
  if ((command.cdb[1]! & FMTDATA) === 0) return 0;
  return isLong(command) ? LONG_HEADER : SHORT_HEADER;
}

/** Checks a FORMAT UNIT before its parameter list is asked for. */
export function checkFormatUnit(disk: VirtualDisk, command: Command): boolean {
  if ((command.cdb[1]! & FMTDATA) === 0 && isLong(command)) {
    command.failField(1, 5);
    return false;
  }
  takeAllBlocks(disk, command);
  return true;
}

/** Executes FORMAT UNIT. */
export function formatUnit(disk: VirtualDisk, command: Command): void {
  const { out, outAt, outLength, wantedOut } = command;
  if (outLength < wantedOut) return command.fail(Sense.PARAMETER_LIST_LENGTH_ERROR);
  let waits = true;
  if (wantedOut > 0) {
    const header = out!.bytes.subarray(outAt, outAt + outLength);
    const wrong = wrongField(header, isLong(command));
    if (wrong !== undefined) return command.failParameter(wrong.byte, wrong.bit);
    waits = (header[1]! & IMMED) === 0;
  }
  disk.upkeep.begin(Sense.FORMAT_IN_PROGRESS, [], (result) => {
    if (!waits) return;
    if (result < 0) command.fail(Sense.FORMAT_COMMAND_FAILED);
    else command.succeed();
  });
  if (!waits) command.succeed();
}

function wrongField(header: Uint8Array, long: boolean): { byte: number; bit: number } | undefined {
  if (header[0] !== 0) return { byte: 0, bit: 2 }; // PROTECTION FIELD USAGE
  const flags = header[1]!;
  if ((flags & ~KNOWN) !== 0) return { byte: 1, bit: flags & 0x04 ? 2 : 0 };
  if ((flags & FOV) === 0 && (flags & OPTIONS) !== 0) {
    return { byte: 1, bit: 31 - Math.clz32(flags & OPTIONS) };
  }
  if ((flags & IP) !== 0) return { byte: 1, bit: 3 };
  if (!long) return header[2] === 0 && header[3] === 0 ? undefined : { byte: 2, bit: 7 };
  const at = header.findIndex((byte, index) => index >= 2 && byte !== 0);
  return at < 0 ? undefined : { byte: Math.min(at, LONG_HEADER / 2), bit: 7 };
}
