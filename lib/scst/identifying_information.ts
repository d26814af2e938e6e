/**
 * REPORT IDENTIFYING INFORMATION and SET IDENTIFYING INFORMATION (SPC-5 6.32, 6.44): what initiators
 * want to find noted at the device, kept in a file.
 */
import { describeErrno } from "../../ffi/errno.ts";
import type { Command } from "../scsi/command.ts";
import { Sense } from "../scsi/sense.ts";
import type { StateFile } from "../store/state_file.ts";
import type { Nexus } from "./nexus.ts";
import type { CoreCommand } from "./operation.ts";

/** IDENTIFYING INFORMATION TYPE that asks for the types (SPC-5 table 284). */
const SUPPORTED_TYPES = 0x7f;

/** The types, with the key of each in the file and the bytes that it may have. */
const TYPES = [
  { type: 0x00, key: "DEVICE", most: 512 },
  { type: 0x02, key: "TEXT", most: 256 },
] as const;
const TEXT = 0x02;

export class IdentifyingInformation {
  #values = new Map<number, Uint8Array>();
  #file: StateFile;
  #report: (line: string) => void;

  /**
   * Begins with what is in `file`; `report` takes a line for the log when something is wrong with it.
   * Throws a StoreError when it cannot be read.
   */
  constructor(file: StateFile, report: (line: string) => void) {
    this.#file = file;
    this.#report = report;
    const { text, warning } = file.load();
    if (warning !== undefined) report(warning);
    for (const { type, key } of TYPES) {
      const digits = new RegExp(`^${key}=((?:[0-9a-f]{2})*)$`, "m").exec(text ?? "")?.[1] ?? "";
      this.#values.set(
        type,
        Uint8Array.from(digits.match(/../g) ?? [], (pair) => parseInt(pair, 16)),
      );
    }
  }

  /** What is noted, which is nothing at first; undefined for a type that is not there. */
  get(type: number): Uint8Array | undefined {
    return this.#values.get(type);
  }

  /**
   * Notes something; `done` hears 0 when it is on stable storage, or -errno: then it counts until the
   * next start.
   */
  set(type: number, value: Uint8Array, done: (result: number) => void): void {
    this.#values.set(type, value);
    this.#file.save(format(this.#values), (result) => {
      if (result < 0) this.#report(`Cannot save ${this.#file.path}: ${describeErrno(-result)}`);
      done(result);
    });
  }
}

function format(values: ReadonlyMap<number, Uint8Array>): string {
  const hex = (bytes: Uint8Array) =>
    Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return TYPES.map(({ type, key }) => `${key}=${hex(values.get(type)!)}\n`).join("");
}

function typeOf(command: Command): number {
  return command.cdb[10]! >> 1;
}

/** Executes REPORT IDENTIFYING INFORMATION. */
export function reportIdentifyingInformation(_nexus: Nexus, command: CoreCommand): void {
  const type = typeOf(command);
  const value = type === SUPPORTED_TYPES
    ? Uint8Array.from(TYPES.flatMap(({ type, most }) => [type << 1, 0, most >> 8, most & 0xff]))
    : command.unit!.device.information.get(type);
  if (value === undefined) return command.failField(10);
  const bytes = new Uint8Array(4 + value.length);
  new DataView(bytes.buffer).setUint16(2, value.length);
  bytes.set(value, 4);
  command.respond(bytes);
}

/** Checks a SET IDENTIFYING INFORMATION before its parameter list is asked for. */
export function checkSetIdentifyingInformation(_disk: unknown, command: Command): boolean {
  const known = TYPES.find(({ type }) => type === typeOf(command));
  if (known !== undefined && command.allocationLength <= known.most) return true;
  command.failField(known === undefined ? 10 : 6);
  return false;
}

/** Executes SET IDENTIFYING INFORMATION; without a parameter list it forgets what was noted. */
export function setIdentifyingInformation(_nexus: Nexus, command: CoreCommand): void {
  const { out, outAt, outLength, wantedOut } = command;
  if (outLength < wantedOut) return command.fail(Sense.PARAMETER_LIST_LENGTH_ERROR);
  const value = out?.bytes.slice(outAt, outAt + wantedOut) ?? new Uint8Array(0);
  const type = typeOf(command);
  if (type === TEXT && value.length > 0 && !isText(value)) return command.failParameter(0);
  const unit = command.unit!;
  const { device } = unit;
  const before = device.information.get(type)!;
  device.information.set(type, value, (result) => {
    if (result < 0) return command.fail(Sense.HARDWARE_INTERNAL_TARGET_FAILURE);
    if (!isSame(before, value)) device.tellOthers(unit, Sense.DEVICE_IDENTIFIER_CHANGED);
    command.succeed();
  });
}

function isSame(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, at) => byte === other[at]);
}

/** Whether bytes are UTF-8 that ends with its only NUL (SPC-5 4.3.2). */
function isText(bytes: Uint8Array): boolean {
  if (bytes.indexOf(0) !== bytes.length - 1) return false;
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return true;
  } catch {
    return false;
  }
}
