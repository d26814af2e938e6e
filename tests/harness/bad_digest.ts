/** PDUs with a wrong digest, and the answer that they get (RFC 7143 7.8). */
import assert from "node:assert/strict";
import { Field, Opcode, type Pdu } from "../initiator/pdu.ts";
import type { Peer } from "./rig.ts";
import { assertSameBytes } from "./same_bytes.ts";

const DATA_DIGEST_ERROR = 0x02;
const DIGEST_LENGTH = 4;

/** A copy of `bytes` with one bit of byte `at` wrong. */
export function damaged(bytes: Uint8Array<ArrayBuffer>, at: number): Uint8Array<ArrayBuffer> {
  const copy = bytes.slice();
  copy[at]! ^= 1 << at % 8;
  return copy;
}

/** A PDU as it is sent, with one bit of the last byte of its data wrong. */
export function withBadData(peer: Peer, pdu: Pdu): Uint8Array<ArrayBuffer> {
  const bytes = pdu.encode({}, peer.digests);
  const pad = -pdu.data.length & 3;
  return damaged(bytes, bytes.length - DIGEST_LENGTH - pad - 1);
}

/** Fails unless it is a Reject of this PDU with Data-Digest-Error. */
export function mustBeDigestReject(pdu: Pdu | undefined, rejected: Pdu): void {
  assert.equal(pdu?.opcode, Opcode.Reject);
  assert.equal(pdu.u8(Field.response), DATA_DIGEST_ERROR);
  assertSameBytes(pdu.data.subarray(8), rejected.header.subarray(8), "header of the rejected PDU");
}
