/** Commands of a Rig's peers that do not end in the turn in which they are sent. */
import assert from "node:assert/strict";
import { testUnitReady, write10 } from "../initiator/cdb.ts";
import { Field, FINAL, Opcode, type Pdu } from "../initiator/pdu.ts";
import { dataOut, WRITE } from "../initiator/requests.ts";
import { BLOCK, type Peer } from "./rig.ts";

const NACA = 0x04;

/** The CDB with NACA in its CONTROL byte, the last one of a CDB of this group (SPC-5 4.2.5.1). */
export function withNaca(cdb: Uint8Array): Uint8Array<ArrayBuffer> {
  const wanting = Uint8Array.from(cdb);
  wanting[[5, 9, 9, 1, 15, 11][cdb[0]! >> 5]!]! |= NACA;
  return wanting;
}

/** A command that waits for its turn in the task set, or for the end of an ACA condition. */
export function sendWaiting(peer: Peer, attribute: number, cdb = testUnitReady()): number {
  const command = peer.command({ cdb, flags: FINAL | attribute });
  assert.deepEqual(peer.send(command), [], "it waits");
  return command.itt;
}

/** A write of one block that has its R2T and waits for the data. */
export interface OpenWrite {
  readonly itt: number;
  /** Sends the data and returns what comes back. */
  finish(): Pdu[];
}

export function openWrite(peer: Peer, lba: number, data: Uint8Array, attribute = 1): OpenWrite {
  const cdb = write10(lba, 1);
  const command = peer.command({ cdb, flags: FINAL | WRITE | attribute, expectedLength: BLOCK });
  const [r2t, ...more] = peer.send(command);
  assert.equal(more.length, 0);
  assert.equal(r2t?.opcode, Opcode.R2T);
  const { itt } = command;
  const ttt = r2t.u32(Field.ttt);
  const fields = { itt, ttt, expStatSn: 0, offset: 0, dataSn: 0, final: true };
  return { itt, finish: () => peer.send(dataOut({ ...fields, data })) };
}

/** The status that each of the PDUs brings, as `tag status`. */
export function statuses(pdus: readonly Pdu[]): string[] {
  return pdus.map((pdu) => {
    assert.equal(pdu.opcode, Opcode.ScsiResponse);
    return `${pdu.itt} ${pdu.u8(Field.status).toString(16)}`;
  });
}
