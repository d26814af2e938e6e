/** What can be asked about copies: RECEIVE COPY RESULTS of SPC-3, three commands in SPC-4 (6.24 to 6.26). */
import { encodeSense, NOTHING, Sense } from "../scsi/sense.ts";
import {
  COPIES_MOST,
  COPY_GRANULARITY,
  COPY_LIST_MOST,
  COPY_SEGMENT_MOST,
  COPY_SEGMENTS_MOST,
  COPY_TARGETS_MOST,
  CopyDescriptor,
} from "../vdisk/third_party_copy.ts";
import type { Nexus } from "./nexus.ts";
import type { CoreCommand } from "./operation.ts";

const LIST_ID = 2;

/** COPY COMMAND STATUS (SPC-4 table 243). */
export const CopyStatus = { IN_PROGRESS: 0, COMPLETED: 1, FAILED: 2 } as const;

const CHECK_CONDITION = 0x02;
const FIXED_SENSE = 18;

/** Executes RECEIVE COPY STATUS(LID1). What is said of a finished copy is said once. */
export function receiveCopyStatus(_nexus: Nexus, command: CoreCommand): void {
  const { copies } = command.unit!;
  const listId = command.cdb[LIST_ID]!;
  const record = copies.find(listId);
  if (record === undefined) return command.failField(LIST_ID);
  const failed = record.sense !== Sense.NO_SENSE;
  const view = new DataView(new ArrayBuffer(12));
  view.setUint32(0, 8);
  view.setUint8(
    4,
    record.running ? CopyStatus.IN_PROGRESS : failed ? CopyStatus.FAILED : CopyStatus.COMPLETED,
  );
  view.setUint16(5, record.segments);
  let count = record.bytes;
  let units = 0; // bytes, KiB, MiB, ...
  for (; count >= 2 ** 32; units++) count = Math.floor(count / 1024);
  view.setUint8(7, units);
  view.setUint32(8, count);
  // The details of a failure can still be asked for.
  if (!failed) copies.forget(listId);
  command.respond(new Uint8Array(view.buffer));
}

/** Executes RECEIVE COPY FAILURE DETAILS(LID1) for a copy that failed; they are told once. */
export function receiveCopyFailure(_nexus: Nexus, command: CoreCommand): void {
  const { copies } = command.unit!;
  const listId = command.cdb[LIST_ID]!;
  const record = copies.find(listId);
  if (record === undefined || record.sense === Sense.NO_SENSE) return command.failField(LIST_ID);
  const view = new DataView(new ArrayBuffer(60 + FIXED_SENSE));
  view.setUint32(0, view.byteLength - 4);
  view.setUint8(56, CHECK_CONDITION);
  view.setUint16(58, FIXED_SENSE);
  const detail = { information: NOTHING, field: NOTHING, commandInformation: record.segments };
  encodeSense(view, 60, record.sense, detail, false);
  copies.forget(listId);
  command.respond(new Uint8Array(view.buffer));
}

/** Executes RECEIVE COPY OPERATING PARAMETERS. */
export function receiveCopyParameters(_nexus: Nexus, command: CoreCommand): void {
  const types = Object.values(CopyDescriptor);
  const view = new DataView(new ArrayBuffer(44 + types.length));
  view.setUint32(0, view.byteLength - 4);
  view.setUint8(4, 0x01); // SNLID: LIST ID USAGE 11b is taken
  view.setUint16(8, COPY_TARGETS_MOST);
  view.setUint16(10, COPY_SEGMENTS_MOST);
  view.setUint32(12, COPY_LIST_MOST);
  view.setUint32(16, COPY_SEGMENT_MOST);
  view.setUint16(34, COPIES_MOST); // TOTAL CONCURRENT COPIES
  view.setUint8(36, COPIES_MOST);
  view.setUint8(37, COPY_GRANULARITY);
  view.setUint8(43, types.length);
  types.forEach((type, index) => view.setUint8(44 + index, type));
  command.respond(new Uint8Array(view.buffer));
}
