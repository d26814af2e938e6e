/** One SCSI command of a Rig's peer from its PDU to its status, with all its data, in one call. */
import assert from "node:assert/strict";
import { Field, FINAL, IMMEDIATE, Opcode, Pdu } from "../initiator/pdu.ts";
import { dataOut, READ, WRITE } from "../initiator/requests.ts";
import { type PrList, prList, prOut } from "../initiator/reservations.ts";
import { parseResponseSense, type Sense, senseText } from "../initiator/sense.ts";
import type { Peer } from "./rig.ts";

const SIMPLE = 1;
/** The type of a persistent reservation (SPC-5 6.16.3). */
const WRITE_EXCLUSIVE = 1;
const STATUS_BIT = 0x01;
const OVERFLOW = 0x04;
const UNDERFLOW = 0x02;

/** What goes with a CDB. */
export interface Transfer {
  readonly lun?: number;
  /** Task attribute; SIMPLE where nothing is said. */
  readonly attribute?: number;
  /** Expected Data Transfer Length of a command with data-in. */
  readonly read?: number;
  /** Data-out, and its Expected Data Transfer Length. */
  readonly write?: Uint8Array;
}

/** How a command ended. */
export interface Outcome {
  readonly status: number;
  readonly sense: Sense | undefined;
  readonly data: Uint8Array;
  /** Bytes that the device had, or wanted, beyond what was expected; negative: so many less. */
  readonly residual: number;
}

/** Runs a command to its end. The peer's session must have negotiated the defaults of RFC 7143 13. */
export function exchange(peer: Peer, cdb: Uint8Array, transfer: Transfer = {}): Outcome {
  const { lun = 0, read = 0, write, attribute = SIMPLE } = transfer;
  const command = peer.command({
    lun,
    cdb,
    flags: FINAL | attribute | (write !== undefined ? WRITE : read > 0 ? READ : 0),
    expectedLength: write?.length ?? read,
    ...(write === undefined ? {} : { data: write.subarray(0, 65536) }),
  });
  const data = new Uint8Array(read);
  let received = 0;
  const answers = answersIn(peer.send(command));
  for (let answer = answers.shift(); answer !== undefined; answer = answers.shift()) {
    assert.equal(answer.itt, command.itt);
    if (answer.opcode === Opcode.R2T) {
      answers.push(...answersIn(peer.send(answerR2T(answer, write!))));
    } else if (answer.opcode === Opcode.DataIn) {
      assert.equal(answer.u32(Field.bufferOffset), received);
      data.set(answer.data, received);
      received += answer.data.length;
      if ((answer.flags & STATUS_BIT) === 0) continue;
      assert.equal(answers.length, 0, "nothing follows the status");
      return outcome(answer, data.subarray(0, received), undefined);
    } else {
      assert.equal(answer.opcode, Opcode.ScsiResponse);
      assert.equal(answers.length, 0, "nothing follows the status");
      return outcome(answer, data.subarray(0, received), parseResponseSense(answer.data));
    }
  }
  throw new assert.AssertionError({ message: "the command has not ended" });
}

/** What answers a request, without the messages that nobody has asked for. */
export function answersIn(pdus: readonly Pdu[]): Pdu[] {
  return pdus.filter(({ opcode }) => opcode !== Opcode.AsyncMessage);
}

function answerR2T(r2t: Pdu, write: Uint8Array): Pdu {
  const offset = r2t.u32(Field.bufferOffset);
  return dataOut({
    itt: r2t.itt,
    ttt: r2t.u32(Field.ttt),
    expStatSn: 0,
    offset,
    dataSn: 0,
    final: true,
    data: write.subarray(offset, offset + r2t.u32(Field.desiredLength)),
  });
}

function outcome(answer: Pdu, data: Uint8Array, sense: Sense | undefined): Outcome {
  const count = answer.u32(Field.residual);
  const sign = answer.flags & OVERFLOW ? 1 : answer.flags & UNDERFLOW ? -1 : 0;
  assert.equal(count === 0, sign === 0, "a residual count has its flag");
  return { status: answer.u8(Field.status), sense, data, residual: sign * count };
}

const PRE_FETCH = [0x34, 0x90];
const CONDITION_MET = 4;

/** Runs a command that must end with success, and returns its data-in. */
export function exchangeGood(
  peer: Peer,
  cdb: Uint8Array,
  transfer: Transfer = {},
  what = "command",
): Uint8Array {
  const { status, sense, data } = exchange(peer, cdb, transfer);
  const wanted = PRE_FETCH.includes(cdb[0]!) ? CONDITION_MET : 0;
  assert.equal(status, wanted, `${what}: sense ${senseText(sense)}`);
  return data;
}

/** Runs a PERSISTENT RESERVE OUT of a write exclusive reservation that must end with success. */
export function reserveOut(peer: Peer, action: number, list: PrList): void {
  const write = prList(list);
  exchangeGood(peer, prOut(action, WRITE_EXCLUSIVE, write.length), { write });
}

/** Runs a command that must end with CHECK CONDITION and this sense, written as `05/21/00`. */
export function exchangeSense(
  peer: Peer,
  cdb: Uint8Array,
  wanted: string,
  transfer: Transfer = {},
  what = "command",
): Sense {
  const { status, sense, data } = exchange(peer, cdb, transfer);
  assert.equal(senseText(sense), wanted, what);
  assert.equal(status, 2, what);
  assert.equal(data.length, 0, what);
  return sense!;
}

/** Runs a task management function on LUN 0 and returns the response (RFC 7143 11.6.1). */
export function exchangeManagement(peer: Peer, code: number): number {
  return manage(peer, code).response;
}

/** The same, and all that comes to the peer beside the response. */
export function manage(peer: Peer, code: number): { response: number; others: Pdu[] } {
  const request = new Pdu()
    .put8(Field.opcode, Opcode.TaskManagementRequest | IMMEDIATE)
    .put8(Field.flags, FINAL | code)
    .put32(Field.itt, peer.tag())
    .put32(Field.cmdSn, peer.cmdSn);
  const answers = peer.send(request);
  const [answer] = answers.filter((pdu) => pdu.itt === request.itt);
  assert.equal(answer?.opcode, Opcode.TaskManagementResponse);
  return { response: answer.u8(Field.response), others: answers.filter((pdu) => pdu !== answer) };
}
