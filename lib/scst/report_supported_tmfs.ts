/** REPORT SUPPORTED TASK MANAGEMENT FUNCTIONS (SPC-5 6.36). */
import { Timeouts } from "./command_timeouts.ts";
import type { Nexus } from "./nexus.ts";
import type { CoreCommand } from "./operation.ts";

const REPD = 0x80;

/** Byte 0 of the answer. TARGET RESET has no bit of its own in SPC-5; SPC-4 had this one. */
const Supported = {
  ABORT_TASK: 0x80,
  ABORT_TASK_SET: 0x40,
  CLEAR_ACA: 0x20,
  CLEAR_TASK_SET: 0x10,
  LOGICAL_UNIT_RESET: 0x08,
  TARGET_RESET: 0x02,
} as const;

const BASIC_LENGTH = 4;
const EXTENDED_LENGTH = 16;

/** Offsets in the extended parameter data. */
const FLAGS = 4;
const SELECTORS = 6;
const LONG_TIMEOUT = 8;
const SHORT_TIMEOUT = 12;
const TMFTMOV = 0x01;

/** Units of the timeouts in a second. */
const TENTHS = 10;

/** Executes REPORT SUPPORTED TASK MANAGEMENT FUNCTIONS. */
export function reportSupportedTmfs(_nexus: Nexus, command: CoreCommand): void {
  if (command.allocationLength < BASIC_LENGTH) return command.failField(6);
  const extended = (command.cdb[2]! & REPD) !== 0;
  const view = new DataView(new ArrayBuffer(extended ? EXTENDED_LENGTH : BASIC_LENGTH));
  const bytes = new Uint8Array(view.buffer);
  bytes[0] = Object.values(Supported).reduce((all, bit) => all | bit, 0);
  bytes[3] = bytes.length - BASIC_LENGTH;
  if (extended) {
    view.setUint8(FLAGS, TMFTMOV);
    // All functions have the short one, since they wait for nothing; TARGET RESET has no selector.
    view.setUint8(SELECTORS, bytes[0]! & ~Supported.TARGET_RESET);
    view.setUint32(LONG_TIMEOUT, Timeouts.REGULAR.recommended * TENTHS);
    view.setUint32(SHORT_TIMEOUT, Timeouts.SMALL.recommended * TENTHS);
  }
  command.respond(bytes);
}
