/** NOP-Out and NOP-In (RFC 7143 11.18, 11.19). */
import {
  clearHeader,
  FINAL,
  FLAGS,
  INITIATOR_TASK_TAG,
  LUN,
  NO_TAG,
  OPCODE,
  setDataSegmentLength,
  TARGET_TRANSFER_TAG,
} from "./bhs.ts";
import { Opcode } from "./opcode.ts";
import type { Pdu } from "./pdu.ts";
import type { Session } from "./session.ts";

/** Handles a NOP-Out: answers a ping with its data; the answer to our own ping needs none. */
export function handleNopOut(session: Session, pdu: Pdu): void {
  if (pdu.initiatorTaskTag === NO_TAG) return;
  const length = Math.min(pdu.dataLength, session.parameters.maxRecvDataSegmentLength);
  const { output } = session;
  const { memory, end: at } = output.reservePdu(length);
  const { view } = memory;
  clearHeader(view, at);
  view.setUint8(at + OPCODE, Opcode.NOP_IN);
  view.setUint8(at + FLAGS, FINAL);
  setDataSegmentLength(view, at, length);
  view.setUint32(at + LUN, pdu.uint32(LUN));
  view.setUint32(at + LUN + 4, pdu.uint32(LUN + 4));
  view.setUint32(at + INITIATOR_TASK_TAG, pdu.initiatorTaskTag);
  view.setUint32(at + TARGET_TRANSFER_TAG, NO_TAG);
  session.putSequenceNumbers(view, at, true);
  memory.bytes.set(pdu.data.subarray(0, length), at + output.dataOffset);
  output.commitPdu();
}

/** Asks the initiator for a sign of life. */
export function sendPing(session: Session): void {
  const { memory, end: at } = session.output.reservePdu(0);
  const { view } = memory;
  clearHeader(view, at);
  view.setUint8(at + OPCODE, Opcode.NOP_IN);
  view.setUint8(at + FLAGS, FINAL);
  view.setUint32(at + INITIATOR_TASK_TAG, NO_TAG);
  view.setUint32(at + TARGET_TRANSFER_TAG, session.takeTransferTags(1));
  session.putSequenceNumbers(view, at, false);
  session.putNextStatSN(view, at);
  session.output.commitPdu();
}
