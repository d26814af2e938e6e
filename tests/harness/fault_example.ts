/** Examples of what initiators do against the rules, and what it takes to make them. */
import assert from "node:assert/strict";
import type { TargetAttributes } from "../../lib/scst/model.ts";
import { ONE_WAY } from "./chap_users.ts";
import { type Peer, Rig } from "./rig.ts";
import { write10 } from "../initiator/cdb.ts";
import { Field, FINAL, Opcode, Pdu } from "../initiator/pdu.ts";
import { dataOut, WRITE } from "../initiator/requests.ts";

export const BLOCK = 512;
export const SIMPLE = 1;
export const CDB = write10(0, 1);
export const W = FINAL | WRITE | SIMPLE;

/** Does it, and has what was answered last. */
export type Act = (rig: Rig) => { peer: Peer; answers: Pdu[] };

/** What one does, and the target that it is done to. */
export interface Example {
  readonly attributes?: Partial<TargetAttributes>;
  readonly locked?: boolean;
  readonly act: Act;
}

/** A rig with the target of an example. */
export function rigFor({ attributes = {}, locked = false }: Example): Rig {
  return new Rig({ attributes, ...(locked ? { users: ONE_WAY } : {}) });
}

/** The numbers of a request for immediate delivery. */
export function now(peer: Peer) {
  return { itt: peer.tag(), cmdSn: peer.cmdSn, expStatSn: 0, immediate: true };
}

/** What a peer past its login does. */
export function inSession(act: (peer: Peer) => Pdu[], keys: Record<string, string> = {}): Act {
  return (rig) => {
    const peer = rig.login(1, keys);
    return { peer, answers: act(peer) };
  };
}

/** A peer in a discovery session. */
export function discovery(rig: Rig): Peer {
  const peer = rig.connect();
  peer.login(1, { SessionType: "Discovery" });
  return peer;
}

/** A write that waits for its data. */
export function beginWrite(peer: Peer, immediate = false): Pdu {
  const [r2t] = peer.send(peer.command({ cdb: CDB, flags: W, expectedLength: BLOCK, immediate }));
  assert.equal(r2t?.opcode, Opcode.R2T);
  return r2t;
}

/** The data that an R2T asks for. */
export function answerTo(r2t: Pdu, dataSn = 0): Pdu {
  const ttt = r2t.u32(Field.ttt);
  const data = new Uint8Array(BLOCK);
  return dataOut({ itt: r2t.itt, ttt, expStatSn: 0, offset: 0, dataSn, final: true, data });
}

/** Sends a PDU with one bit wrong, `back` bytes from its end. */
export function sendDamaged(peer: Peer, pdu: Pdu, back = 1): Pdu[] {
  const bytes = pdu.encode({}, peer.digests);
  bytes[bytes.length - back]! ^= 1;
  return peer.feed(bytes);
}

export const text = (words: string) => new TextEncoder().encode(words);

/** All of them, where there may be one. */
export function examplesOf(examples: Example | readonly Example[]): readonly Example[] {
  return "act" in examples ? [examples] : examples;
}
