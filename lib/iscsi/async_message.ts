/** Asynchronous Message (RFC 7143 11.9): what the target says without being asked. */
import { encodeSense, NOTHING, SENSE_MOST } from "../scsi/sense.ts";
import { encodeLun } from "../scsi/lun.ts";
import {
  clearHeader,
  FINAL,
  FLAGS,
  INITIATOR_TASK_TAG,
  LUN,
  NO_TAG,
  OPCODE,
  setDataSegmentLength,
} from "./bhs.ts";
import { Opcode } from "./opcode.ts";
import type { Session } from "./session.ts";

/** AsyncEvent (RFC 7143 11.9.1). */
const AsyncEvent = { SCSI: 0, REQUEST_LOGOUT: 1, DROP_SESSION: 3 } as const;

const ASYNC_EVENT = 36;
const PARAMETER_2 = 40;
const PARAMETER_3 = 42;

const NO_DETAIL = { information: NOTHING, field: NOTHING } as const;

/** Reports a unit attention condition of a logical unit (SAM-2 5.8, asynchronous event reporting). */
export function sendScsiEvent(session: Session, lun: number, sense: number, descriptors: boolean) {
  const { output } = session;
  const { memory, end: at } = output.reservePdu(2 + SENSE_MOST);
  const { view } = memory;
  putHeader(session, view, at, AsyncEvent.SCSI);
  encodeLun(view, at + LUN, lun, session.nexus!.addressing);
  const data = at + output.dataOffset;
  const length = encodeSense(view, data + 2, sense, NO_DETAIL, descriptors);
  view.setUint16(data, length);
  setDataSegmentLength(view, at, 2 + length);
  output.commitPdu();
}

/** Asks the initiator to log out within so many seconds. */
export function sendLogoutRequest(session: Session, seconds: number): void {
  sendEvent(session, AsyncEvent.REQUEST_LOGOUT, 0, seconds);
}

/** Says that the connection of the session is closed, and when another login is welcome. */
export function sendDropNotice(session: Session): void {
  const { defaultTime2Wait, defaultTime2Retain } = session.parameters;
  sendEvent(session, AsyncEvent.DROP_SESSION, defaultTime2Wait, defaultTime2Retain);
}

function sendEvent(session: Session, event: number, parameter2: number, parameter3: number): void {
  const { memory, end: at } = session.output.reservePdu(0);
  const { view } = memory;
  putHeader(session, view, at, event);
  view.setUint16(at + PARAMETER_2, parameter2);
  view.setUint16(at + PARAMETER_3, parameter3);
  session.output.commitPdu();
}

function putHeader(session: Session, view: DataView, at: number, event: number): void {
  clearHeader(view, at);
  view.setUint8(at + OPCODE, Opcode.ASYNC_MESSAGE);
  view.setUint8(at + FLAGS, FINAL);
  view.setUint32(at + INITIATOR_TASK_TAG, NO_TAG);
  session.putSequenceNumbers(view, at, true);
  view.setUint8(at + ASYNC_EVENT, event);
}
