/** A rig whose target lets in whom its attributes say, and what its login responses have in them. */
import assert from "node:assert/strict";
import { TARGET_DEFAULTS, type TargetAttributes } from "../../lib/scst/model.ts";
import { Field, FINAL, IMMEDIATE, Opcode, Pdu } from "../initiator/pdu.ts";
import { type Peer, Rig, TARGET } from "./rig.ts";

/** The name that a rig's peers have. */
export const HOST = "iqn.2026-11.org.scst.test:peer";

/** A rig whose target has other attributes. */
export function rigWith(attributes: Partial<TargetAttributes>): Rig {
  const rig = new Rig({ targets: [] });
  rig.node.addTarget(TARGET, { ...TARGET_DEFAULTS, ...attributes }).luns.add(0, rig.device);
  return rig;
}

/** Four hex digits: class and detail. */
export function statusOf(response: Pdu): string {
  return response.u16(Field.statusClass).toString(16).padStart(4, "0");
}

/** The names that a login begins with. */
export const NAMES = `InitiatorName=${HOST}\0TargetName=${TARGET}\0`;
/** Flags of a Login Request: within the operational stage, and out of it. */
export const STAY = 1 << 2;
export const TRANSIT = FINAL | 1 << 2 | 3;

/** The answer to a Login Request in the operational stage. */
export function request(peer: Peer, isid: number, flags: number, text: string): Pdu {
  const [response, ...more] = peer.send(
    new Pdu(undefined, new TextEncoder().encode(text))
      .put8(Field.opcode, Opcode.LoginRequest | IMMEDIATE)
      .put8(Field.flags, flags)
      .put32(Field.isid + 2, isid),
  );
  assert.equal(more.length, 0);
  return response!;
}

/** The keys with their values. */
export function textOf(response: Pdu): string[] {
  return new TextDecoder().decode(response.data).split("\0").slice(0, -1);
}
