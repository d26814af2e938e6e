/** Reject (RFC 7143 11.17). */
import {
  BHS_LENGTH,
  clearHeader,
  FINAL,
  FLAGS,
  INITIATOR_TASK_TAG,
  NO_TAG,
  OPCODE,
  setDataSegmentLength,
} from "./bhs.ts";
import { nameOfOpcode, Opcode } from "./opcode.ts";
import type { Pdu } from "./pdu.ts";
import type { Session } from "./session.ts";

const REASON = 2;

/** Refuses a PDU: sends its header back with the reason, and logs it. */
export function sendReject(session: Session, pdu: Pdu, reason: number): void {
  const { output } = session;
  const { memory, end: at } = output.reservePdu(BHS_LENGTH);
  const { view } = memory;
  clearHeader(view, at);
  view.setUint8(at + OPCODE, Opcode.REJECT);
  view.setUint8(at + FLAGS, FINAL);
  view.setUint8(at + REASON, reason);
  setDataSegmentLength(view, at, BHS_LENGTH);
  view.setUint32(at + INITIATOR_TASK_TAG, NO_TAG);
  session.putSequenceNumbers(view, at, true);
  const header = pdu.memory.bytes.subarray(pdu.at, pdu.at + BHS_LENGTH);
  memory.bytes.set(header, at + output.dataOffset);
  output.commitPdu();
  session.report(
    "warning",
    `rejected ${nameOfOpcode(pdu.opcode)} with reason 0x${reason.toString(16).padStart(2, "0")}`,
  );
}
