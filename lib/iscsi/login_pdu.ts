/** The PDUs of the login phase: fields of the request, and the response (RFC 7143 11.12, 11.13). */
import {
  clearHeader,
  CONTINUE,
  EXP_CMD_SN,
  FLAGS,
  INITIATOR_TASK_TAG,
  MAX_CMD_SN,
  OPCODE,
  setDataSegmentLength,
  STAT_SN,
} from "./bhs.ts";
import { LoginStatus } from "./login_status.ts";
import { Opcode } from "./opcode.ts";
import type { Output } from "./output.ts";
import type { Pdu } from "./pdu.ts";

/** Flags of a Login Request and Response: the T bit, and CSG. */
export const TRANSIT = 0x80;
const CURRENT_STAGE = 0x0c;

/** Offsets of a Login Request. */
export const VERSION_MAX = 2;
export const VERSION_MIN = 3;
export const ISID = 8;
export const TSIH = 14;
/** Bytes of ISID and TSIH together. */
export const SESSION_ID_LENGTH = 8;
export const CID = 20;

const STATUS = 36;

/** The stage that a request is in, and the one that it would go on to. */
export function stagesOf(pdu: Pdu): { stage: number; next: number } {
  return { stage: pdu.flags >> 2 & 3, next: pdu.flags & 3 };
}

/** What a Login Response says beside what it repeats of the request. */
export interface LoginResponse {
  readonly text: Uint8Array;
  readonly status: number;
  readonly statSN: number;
  /** ISID and TSIH of the requests. */
  readonly sessionId: Uint8Array;
  /** That of a new session, at the end of the login; undefined for that of the requests. */
  readonly tsih: number | undefined;
  readonly expCmdSN: number;
  readonly maxCmdSN: number;
  /** Whether the stage ends, as the request wants it to. */
  readonly transits: boolean;
}

/** Sends the response to the Login Request `pdu`. */
export function sendLoginResponse(output: Output, pdu: Pdu, response: LoginResponse): void {
  const { text, status } = response;
  const { memory, end: at } = output.reservePdu(text.length);
  const { view } = memory;
  clearHeader(view, at);
  view.setUint8(at + OPCODE, Opcode.LOGIN_RESPONSE);
  if (status === LoginStatus.SUCCESS) {
    const flags = pdu.flags & ~CONTINUE;
    view.setUint8(at + FLAGS, response.transits ? flags : flags & CURRENT_STAGE);
  }
  setDataSegmentLength(view, at, text.length);
  memory.bytes.set(response.sessionId, at + ISID);
  if (response.tsih !== undefined) view.setUint16(at + TSIH, response.tsih);
  view.setUint32(at + INITIATOR_TASK_TAG, pdu.initiatorTaskTag);
  view.setUint32(at + STAT_SN, response.statSN);
  view.setUint32(at + EXP_CMD_SN, response.expCmdSN);
  view.setUint32(at + MAX_CMD_SN, response.maxCmdSN);
  view.setUint16(at + STATUS, status);
  memory.bytes.set(text, at + output.dataOffset);
  output.commitPdu();
}
