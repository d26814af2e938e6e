/** Login Requests of a Rig's peer, one by one. */
import assert from "node:assert/strict";
import { FINAL, Opcode, type Pdu } from "../initiator/pdu.ts";
import { loginRequest, type LoginRequestFields } from "../initiator/requests.ts";
import { type Peer, TARGET } from "./rig.ts";

export const PEER_NAME = "iqn.2026-11.org.scst.test:peer";

/** The keys of a first request to the target of a rig. */
export const NAMES = `InitiatorName=${PEER_NAME}\0TargetName=${TARGET}\0`;

/** Current stage (RFC 7143 11.12.3) and, with the T bit, the next one. */
export function inStage(current: number, next?: number): number {
  return current << 2 | (next === undefined ? 0 : FINAL | next);
}

export type RequestFields = Partial<Omit<LoginRequestFields, "text" | "isid">> & {
  readonly text?: string | Uint8Array;
  /** The last four bytes of the ISID. */
  readonly isid?: number;
};

/** A Login Request; in the operational stage where nothing is said. */
export function loginPdu({ text = "", isid = 1, ...fields }: RequestFields): Pdu {
  const id = new Uint8Array(6);
  new DataView(id.buffer).setUint32(2, isid);
  return loginRequest({
    itt: 0,
    cmdSn: 1,
    expStatSn: 0,
    flags: inStage(1),
    ...fields,
    isid: id,
    text: typeof text === "string" ? new TextEncoder().encode(text) : text,
  });
}

/** Sends a Login Request that is answered with one Login Response. */
export function requestLogin(peer: Peer, fields: RequestFields): Pdu {
  const [response, ...more] = peer.send(loginPdu(fields));
  assert.equal(more.length, 0);
  assert.equal(response?.opcode, Opcode.LoginResponse);
  return response;
}
