/** Reject (RFC 7143 11.17). */
import {
  clearHeader,
  FINAL,
  FLAGS,
  INITIATOR_TASK_TAG,
  NO_TAG,
  OPCODE,
  setDataSegmentLength,
} from "./bhs.ts";
import type { RequestFault } from "./faults.ts";
import { nameOfOpcode, Opcode } from "./opcode.ts";
import type { Pdu } from "./pdu.ts";
import { nameOfRejectReason } from "./reject_reason.ts";
import type { Session } from "./session.ts";

const REASON = 2;

/**
 * Refuses a PDU: sends its header back with the reason, and logs it, with `detail` behind the words of
 * the fault. A fault that the session does not survive ends the connection behind the Reject.
 */
export function rejectPdu(session: Session, pdu: Pdu, fault: RequestFault, detail = ""): void {
  sendReject(session, pdu, fault.reason);
  const name = nameOfOpcode(pdu.opcode);
  const why = detail === "" ? fault.says : `${fault.says}, ${detail}`;
  const itt = pdu.initiatorTaskTag === NO_TAG ? "" : ` itt=0x${pdu.initiatorTaskTag.toString(16)}`;
  const what = `rejected ${name}${itt} with ${nameOfRejectReason(fault.reason)}`;
  session.report("warning", `${what}: ${why}`);
  if (!fault.ends) return;
  session.report("warning", `connection dropped: ${name}: ${why}`);
  session.connection.finish();
}

function sendReject(session: Session, pdu: Pdu, reason: number): void {
  const { output } = session;
  const length = Math.min(pdu.ahsEnd - pdu.at, session.parameters.maxRecvDataSegmentLength);
  const { memory, end: at } = output.reservePdu(length);
  const { view } = memory;
  clearHeader(view, at);
  view.setUint8(at + OPCODE, Opcode.REJECT);
  view.setUint8(at + FLAGS, FINAL);
  view.setUint8(at + REASON, reason);
  setDataSegmentLength(view, at, length);
  view.setUint32(at + INITIATOR_TASK_TAG, NO_TAG);
  session.putSequenceNumbers(view, at, true);
  const header = pdu.memory.bytes.subarray(pdu.at, pdu.at + length);
  memory.bytes.set(header, at + output.dataOffset);
  output.commitPdu();
}
