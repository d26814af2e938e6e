/** Asynchronous Message (RFC 7143 11.9), byte by byte. */
import assert from "node:assert/strict";
import { Sense } from "../../lib/scsi/sense.ts";
import { exchangeGood, exchangeSense, manage } from "../harness/exchange.ts";
import { toHex } from "../harness/hex.ts";
import { setDescriptorSense } from "../harness/modes.ts";
import { type Peer, Rig } from "../harness/rig.ts";
import { testUnitReady } from "../initiator/cdb.ts";
import { Field, NO_TAG, Opcode, type Pdu } from "../initiator/pdu.ts";

const TARGET_COLD_RESET = 7;

/** The one message that has come to a peer; its numbers go on from `statSn`. */
function message(peer: Peer, statSn: number): Pdu {
  const [pdu, ...more] = peer.take();
  assert.equal(more.length, 0);
  assert.equal(pdu?.opcode, Opcode.AsyncMessage);
  assert.equal(pdu.flags, 0x80);
  assert.equal(pdu.itt, NO_TAG);
  assert.equal(pdu.u32(Field.statSn), statSn);
  return pdu;
}

/** The next StatSN of a peer. */
function nextStatSn(peer: Peer): number {
  const [answer] = peer.send(peer.command({ cdb: testUnitReady() }));
  return answer!.u32(Field.statSn) + 1;
}

Deno.test("announce() reports a change at once, and keeps the unit attention condition", () => {
  using rig = new Rig();
  const peer = rig.login(1);
  const [unit] = rig.device.users;
  for (const descriptors of [false, true]) {
    setDescriptorSense(peer, descriptors);
    const statSn = nextStatSn(peer);
    unit!.announce(Sense.MODE_PARAMETERS_CHANGED);
    const pdu = message(peer, statSn);
    assert.deepEqual([pdu.u8(Field.asyncEvent), pdu.u32(Field.lun)], [0, 0]);
    const sense = descriptors
      ? "0008 72062a01 00000000"
      : "0012 70000600 0000000a 00000000 2a010000 0000";
    assert.equal(toHex(pdu.data), toHex(Uint8Array.from(parse(sense))));
    assert.equal(nextStatSn(peer), statSn + 2, "the message has used a StatSN up");
    assert.equal(rig.disk.modes.current.D_SENSE, descriptors ? 1 : 0);
  }
});

Deno.test("announce() says nothing again of what waits to be reported already", () => {
  using rig = new Rig();
  const peer = rig.login(1);
  const [unit] = rig.device.users;
  const announce = () => {
    unit!.announce(Sense.MODE_PARAMETERS_CHANGED);
    return peer.take().length;
  };
  assert.deepEqual([announce(), announce()], [1, 0]);
  exchangeSense(peer, testUnitReady(), "06/2A/01");
  assert.deepEqual([announce(), announce()], [1, 0]);
});

function parse(hex: string): number[] {
  return hex.replaceAll(" ", "").match(/../g)!.map((pair) => parseInt(pair, 16));
}

Deno.test("requestLogout() says how much time there is", () => {
  using rig = new Rig();
  const peer = rig.login(1);
  const [session] = rig.node.sessions;
  const statSn = nextStatSn(peer);
  session!.requestLogout(2);
  const pdu = message(peer, statSn);
  assert.equal(toHex(pdu.header.subarray(36, 44)), toHex(Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 2)));
  assert.equal(pdu.data.length, 0);
});

Deno.test("TARGET COLD RESET tells each session that it is dropped, and drops it", () => {
  using rig = new Rig();
  const [peer, other] = [rig.login(1, { DefaultTime2Wait: "3" }), rig.login(2)];
  const statSn = nextStatSn(other);
  const { response, others } = manage(peer, TARGET_COLD_RESET);
  assert.equal(response, 0);
  assert.deepEqual(others.map((pdu) => [pdu.opcode, pdu.u8(Field.asyncEvent)]), [
    [Opcode.AsyncMessage, 3],
  ]);
  assert.equal(others[0]!.u16(Field.time2Wait), 3, "Time2Wait");
  assert.equal(message(other, statSn).u8(Field.asyncEvent), 3);
  for (const { connection } of [peer, other]) assert(connection.isFinishing);
});

Deno.test("nothing is announced to a session that has ended", () => {
  using rig = new Rig();
  const [peer, other] = [rig.login(1), rig.login(2)];
  const [, unit] = rig.device.users;
  const [, session] = rig.node.sessions;
  session!.drop("test");
  other.take();
  unit!.announce(Sense.MODE_PARAMETERS_CHANGED);
  session!.requestLogout(1);
  session!.drop("test");
  assert.deepEqual(other.take(), []);
  exchangeGood(peer, testUnitReady());
});
