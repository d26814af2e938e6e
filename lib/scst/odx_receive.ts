/** RECEIVE ROD TOKEN INFORMATION (SPC-4 6.28): how an operation with a token ended, and the token. */
import { encodeSense, NOTHING, Sense } from "../scsi/sense.ts";
import { ROD_TOKEN } from "../vdisk/third_party_copy.ts";
import type { CopyRecord } from "./copy_results.ts";
import type { Nexus } from "./nexus.ts";
import type { CoreCommand } from "./operation.ts";

const LIST_ID = 2;

/** COPY OPERATION STATUS (SPC-4 table 253). */
const OperationStatus = {
  COMPLETED: 0x01,
  FAILED: 0x02,
  IN_FOREGROUND: 0x11,
  IN_BACKGROUND: 0x12,
  ABORTED: 0x60,
} as const;

const CHECK_CONDITION = 0x02;
const LOGICAL_BLOCKS = 0xf1;
const HEADER = 32;
const FIXED_SENSE = 18;
/** Bytes that sense data takes: a multiple of four. */
const SENSE_FIELD = 20;
/** Milliseconds until it is worth to ask again. */
const UPDATE_DELAY = 200;
const HIGH = 2 ** 32;

/** Executes RECEIVE ROD TOKEN INFORMATION. */
export function receiveRodTokenInformation(_nexus: Nexus, command: CoreCommand): void {
  const { copies, disk } = command.unit!;
  const listId = command.cdbView.getUint32(LIST_ID);
  const record = copies.find(listId);
  if (record === undefined || record.action === 0) return command.failField(LIST_ID);
  const failed = record.sense !== Sense.NO_SENSE;
  const { token } = record;
  const senseField = failed ? SENSE_FIELD : 0;
  const descriptors = token === undefined ? 0 : 2 + ROD_TOKEN;
  const view = new DataView(new ArrayBuffer(HEADER + senseField + 4 + descriptors));
  const blocks = record.bytes / disk.blockSize;
  view.setUint32(0, view.byteLength - 4);
  view.setUint8(4, record.action);
  view.setUint8(5, statusOf(record));
  view.setUint16(6, record.segments); // OPERATION COUNTER
  view.setUint32(8, record.running ? UPDATE_DELAY : 0xffffffff);
  view.setUint8(15, LOGICAL_BLOCKS);
  view.setUint32(16, Math.floor(blocks / HIGH));
  view.setUint32(20, blocks >>> 0);
  view.setUint16(24, record.segments);
  if (failed) {
    view.setUint8(12, CHECK_CONDITION);
    view.setUint8(13, SENSE_FIELD);
    view.setUint8(14, FIXED_SENSE);
    encodeSense(view, HEADER, record.sense, { information: NOTHING, field: NOTHING }, false);
  }
  view.setUint32(HEADER + senseField, descriptors);
  const bytes = new Uint8Array(view.buffer);
  if (token !== undefined) bytes.set(token, HEADER + senseField + 4 + 2);
  command.respond(bytes);
}

function statusOf({ running, inBackground, sense }: CopyRecord): number {
  if (running) {
    return inBackground ? OperationStatus.IN_BACKGROUND : OperationStatus.IN_FOREGROUND;
  }
  if (sense === Sense.COMMAND_ABORTED) return OperationStatus.ABORTED;
  return sense === Sense.NO_SENSE ? OperationStatus.COMPLETED : OperationStatus.FAILED;
}
