/** Logout (RFC 7143 11.14, 11.15). */
import { clearHeader, FINAL, FLAGS, INITIATOR_TASK_TAG, OPCODE } from "./bhs.ts";
import { RequestFault } from "./faults.ts";
import { Opcode } from "./opcode.ts";
import type { Pdu } from "./pdu.ts";
import { rejectPdu } from "./reject.ts";
import type { Session } from "./session.ts";
import { SessionEvent } from "./session_states.ts";

const Reason = { CLOSE_SESSION: 0, CLOSE_CONNECTION: 1, REMOVE_FOR_RECOVERY: 2 } as const;
/** As the log says it. */
const MEANS = ["of the session", "of the connection", "for recovery"];
const Response = { CLOSED: 0, CID_NOT_FOUND: 1, RECOVERY_NOT_SUPPORTED: 2 } as const;

const CID = 20;
const RESPONSE = 2;
const TIME2WAIT = 40;
const TIME2RETAIN = 42;

/** Handles a Logout Request: a session has one connection, and ends with it. */
export function handleLogout(session: Session, pdu: Pdu): void {
  const reason = pdu.flags & 0x7f;
  const { parameters, connection } = session;
  if (reason > Reason.REMOVE_FOR_RECOVERY) {
    return rejectPdu(session, pdu, RequestFault.LOGOUT_REASON, `reason ${reason}`);
  }
  if (session.isDiscovery && reason !== Reason.CLOSE_SESSION) {
    return rejectPdu(session, pdu, RequestFault.NOT_IN_DISCOVERY, `a logout for reason ${reason}`);
  }
  let response: number = Response.CLOSED;
  if (reason === Reason.REMOVE_FOR_RECOVERY) response = Response.RECOVERY_NOT_SUPPORTED;
  else if (reason !== Reason.CLOSE_SESSION && pdu.uint16(CID) !== connection.cid) {
    response = Response.CID_NOT_FOUND;
  }
  const closes = response === Response.CLOSED;
  if (closes) session.abortTasks();
  const { memory, end: at } = session.output.reservePdu(0);
  const { view } = memory;
  clearHeader(view, at);
  view.setUint8(at + OPCODE, Opcode.LOGOUT_RESPONSE);
  view.setUint8(at + FLAGS, FINAL);
  view.setUint8(at + RESPONSE, response);
  view.setUint32(at + INITIATOR_TASK_TAG, pdu.initiatorTaskTag);
  view.setUint16(at + TIME2WAIT, parameters.defaultTime2Wait);
  view.setUint16(at + TIME2RETAIN, parameters.defaultTime2Retain);
  session.putSequenceNumbers(view, at, true);
  session.output.commitPdu();
  if (!closes) return;
  session.report("info", `logout ${MEANS[reason]}`);
  session.end(SessionEvent.LOGOUT);
  connection.logOut();
}
