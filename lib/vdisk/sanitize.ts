/** SANITIZE (SBC-4 5.29). */
import type { Command } from "../scsi/command.ts";
import { Sense } from "../scsi/sense.ts";
import { SanitizeAction, type SanitizePlan } from "./sanitize_plan.ts";
import type { VirtualDisk } from "./virtual_disk.ts";

const IMMED = 0x80;
const AUSE = 0x20;
const ACTION = 0x1f;
const PARAMETER_LIST_LENGTH = 7;

const HEADER = 4;
const INVERT = 0x80;
const TEST = 0x60;
const OVERWRITE_COUNT = 0x1f;

/** Checks a SANITIZE before its parameter list is asked for. */
export function checkSanitize(disk: VirtualDisk, command: Command): boolean {
  const { cdb, allocationLength } = command;
  const overwrites = (cdb[1]! & ACTION) === SanitizeAction.OVERWRITE;
  const fits = overwrites
    ? allocationLength > HEADER && allocationLength <= HEADER + disk.blockSize
    : allocationLength === 0;
  if (!fits) {
    command.failField(PARAMETER_LIST_LENGTH);
    return false;
  }
  // Who asked that a failure is final does not get out of it by asking for less.
  if (disk.sanitizer.isRestricted && (cdb[1]! & AUSE) !== 0) {
    command.failField(1, 5);
    return false;
  }
  takeAllBlocks(disk, command);
  return true;
}

/** Makes all of the medium the blocks of an exclusive command. */
export function takeAllBlocks(disk: VirtualDisk, command: Command): void {
  command.lba = 0;
  command.blocks = disk.capacity;
}

/** Executes SANITIZE with OVERWRITE or BLOCK ERASE. */
export function sanitize(disk: VirtualDisk, command: Command): void {
  const overwrites = (command.cdb[1]! & ACTION) === SanitizeAction.OVERWRITE;
  const unrestricted = (command.cdb[1]! & AUSE) !== 0;
  const plan = overwrites
    ? parseOverwrite(disk, command, unrestricted)
    : { unrestricted, count: 0, invert: false, pattern: new Uint8Array(0) };
  if (plan === undefined) return;
  const waits = (command.cdb[1]! & IMMED) === 0;
  const begun = (result: number) => {
    if (result < 0) command.fail(Sense.INTERNAL_TARGET_FAILURE);
    else if (!waits) command.succeed();
  };
  disk.sanitizer.begin(plan, begun, (result) => {
    if (!waits) return;
    if (result < 0) command.fail(Sense.SANITIZE_COMMAND_FAILED);
    else command.succeed();
  });
}

/** Executes SANITIZE with EXIT FAILURE MODE. */
export function exitFailureMode(disk: VirtualDisk, command: Command): void {
  if (disk.sanitizer.isRestricted) return command.failField(1, 4);
  disk.sanitizer.exitFailure((result) => {
    if (result < 0) command.fail(Sense.INTERNAL_TARGET_FAILURE);
    else command.succeed();
  });
}

/** Reads the parameter list of OVERWRITE (SBC-4 table 78); fails the command when it is wrong. */
function parseOverwrite(
  disk: VirtualDisk,
  command: Command,
  unrestricted: boolean,
): SanitizePlan | undefined {
  const { out, outAt, outLength } = command;
  const whole = outLength === command.wantedOut;
  const list = whole ? out!.bytes.subarray(outAt, outAt + outLength) : new Uint8Array(HEADER);
  const wrong = whole ? wrongField(list, disk.blockSize) : undefined;
  if (wrong !== undefined) {
    command.failParameter(wrong.byte, wrong.bit);
    return undefined;
  }
  const pattern = list.slice(HEADER, HEADER + lengthOf(list));
  if (pattern.length === 0 || pattern.length < lengthOf(list)) {
    command.fail(Sense.PARAMETER_LIST_LENGTH_ERROR);
    return undefined;
  }
  const count = list[0]! & OVERWRITE_COUNT;
  return { unrestricted, count, invert: (list[0]! & INVERT) !== 0, pattern };
}

/** INITIALIZATION PATTERN LENGTH. */
function lengthOf(list: Uint8Array): number {
  return list[2]! << 8 | list[3]!;
}

function wrongField(
  list: Uint8Array,
  blockSize: number,
): { byte: number; bit: number } | undefined {
  if ((list[0]! & TEST) !== 0) return { byte: 0, bit: 6 };
  if ((list[0]! & OVERWRITE_COUNT) === 0) return { byte: 0, bit: 4 };
  if (list[1] !== 0) return { byte: 1, bit: 7 };
  const length = lengthOf(list);
  return length === 0 || length > blockSize ? { byte: 2, bit: 7 } : undefined;
}
