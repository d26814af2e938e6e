/** Commands at the gate of a device that an administrator has stand still. */
import assert from "node:assert/strict";
import { viewOfSession } from "../../lib/iscsi/session_view.ts";
import { LunSet } from "../../lib/scst/lun_set.ts";
import { copyCommand, CopyRig, listOf, manage } from "../harness/copy_rig.ts";
import { answersIn, exchangeGood, exchangeManagement, exchangeSense } from "../harness/exchange.ts";
import { BLOCK, type Peer, Rig } from "../harness/rig.ts";
import { sendWaiting, statuses } from "../harness/under_way.ts";
import { patternBytes } from "../initiator/bytes.ts";
import { inquiry, read10, testUnitReady, write10 } from "../initiator/cdb.ts";
import { Field, FINAL, Opcode, Pdu } from "../initiator/pdu.ts";
import { nopOut, READ, WRITE } from "../initiator/requests.ts";
import { RESERVE_6 } from "../initiator/reservations.ts";
import { parseResponseSense, senseText } from "../initiator/sense.ts";

const SIMPLE = 1;
const ORDERED = 2;
const ABORT_TASK = 1;
const ABORT_TASK_SET = 2;
const LOGICAL_UNIT_RESET = 5;
const MIB = 2 ** 20;

const DATA = patternBytes(BLOCK, 3);

function writeCommand(peer: Peer, lba = 1): Pdu {
  const flags = FINAL | WRITE | SIMPLE;
  return peer.command({ cdb: write10(lba, 1), flags, expectedLength: BLOCK, data: DATA });
}

function isWritten(rig: Rig, lba = 1): boolean {
  const found = Deno.readFileSync(rig.path).subarray(lba * BLOCK, (lba + 1) * BLOCK);
  return found.every((byte, index) => byte === DATA[index]);
}

/** A write that waits at the gate. */
function hold(rig: Rig, peer: Peer): Pdu {
  rig.device.gate.shut();
  const command = writeCommand(peer);
  assert.deepEqual(peer.send(command), []);
  return command;
}

Deno.test("commands wait while the gate is shut, and run in their order when it opens", () => {
  using rig = new Rig();
  const peer = rig.login(1);
  const write = hold(rig, peer);
  const read = peer.command({
    cdb: read10(1, 1),
    flags: FINAL | READ | ORDERED,
    expectedLength: BLOCK,
  });
  assert.deepEqual(peer.send(read), []);
  const ready = sendWaiting(peer, SIMPLE);
  assert(!isWritten(rig));
  const [session] = rig.node.sessions;
  const { commands, activeCommands } = viewOfSession(session!);
  assert.deepEqual([commands, activeCommands], [3, 0]);
  rig.device.gate.open();
  const answers = peer.take();
  assert.deepEqual(answers.map(({ itt }) => itt), [write.itt, read.itt, ready]);
  assert.deepEqual(answers[1]!.data, DATA);
  assert(isWritten(rig));
  assert.equal(rig.node.memory.lent, 0);
});

Deno.test("the gate opens when it was opened as often as it was shut", () => {
  using rig = new Rig();
  const peer = rig.login(1);
  const command = hold(rig, peer);
  rig.device.gate.shut();
  rig.device.gate.open();
  assert.deepEqual(peer.take(), []);
  rig.device.gate.open();
  assert.deepEqual(statuses(peer.take()), [`${command.itt} 0`]);
});

Deno.test("what is not executed is answered all the same: unit attentions, NOPs, logins, functions", () => {
  using rig = new Rig();
  const other = rig.login(1);
  const command = hold(rig, other);
  const peer = rig.connect();
  peer.login(2);
  exchangeSense(peer, testUnitReady(), "06/29/00");
  const nop = nopOut({ itt: peer.tag(), cmdSn: peer.cmdSn, expStatSn: 0, immediate: true });
  assert.equal(peer.send(nop)[0]?.opcode, Opcode.NopIn);
  assert.equal(exchangeManagement(peer, ABORT_TASK_SET), 0);
  assert.deepEqual(peer.send(peer.command({ cdb: inquiry(36) })), [], "INQUIRY is executed");
  rig.device.gate.open();
  assert.deepEqual(statuses(other.take()), [`${command.itt} 0`]);
});

Deno.test("a command at the gate can be aborted, and leaves nothing behind", () => {
  const ends: ((peer: Peer, command: Pdu) => void)[] = [
    (peer, { itt }) => {
      const [answer] = answersIn(peer.send(manage(peer, ABORT_TASK, { task: itt })));
      assert.equal(answer?.u8(Field.response), 0);
    },
    (peer) => assert.equal(exchangeManagement(peer, ABORT_TASK_SET), 0),
    (peer) => assert.equal(exchangeManagement(peer, LOGICAL_UNIT_RESET), 0),
    (peer) => peer.connection.close(),
  ];
  for (const end of ends) {
    using rig = new Rig();
    const peer = rig.login(1);
    const command = hold(rig, peer);
    assert(rig.node.memory.lent > 0, "its data is kept");
    end(peer, command);
    assert.deepEqual(answersIn(peer.take()), []);
    assert.equal(rig.node.memory.lent, 0);
    rig.device.gate.open();
    assert.deepEqual(answersIn(peer.take()), []);
    assert(!isWritten(rig));
    exchangeGood(rig.login(3), write10(1, 1), { write: DATA });
  }
});

Deno.test("a command meets what has come while it waited: a reservation, or the end of its LUN", () => {
  using rig = new Rig();
  const [holder, victim, loser] = [rig.login(1), rig.login(2), rig.login(3)];
  rig.device.gate.shut();
  const reserve = holder.command({ cdb: RESERVE_6 });
  const write = writeCommand(victim);
  assert.deepEqual([...holder.send(reserve), ...victim.send(write)], []);
  const lost = sendWaiting(loser, SIMPLE);
  const session = [...rig.node.sessions].at(-1)!;
  session.nexus!.regroup(new LunSet(session.port, session.nexus!.addressing));
  const [answer] = answersIn(loser.take());
  assert.equal(answer!.itt, lost);
  assert.equal(senseText(parseResponseSense(answer!.data)), "05/25/00");
  rig.device.gate.open();
  assert.deepEqual(statuses(holder.take()), [`${reserve.itt} 0`]);
  assert.deepEqual(statuses(victim.take()), [`${write.itt} 18`], "RESERVATION CONFLICT");
  assert(!isWritten(rig));
});

Deno.test("the command window bounds what waits at the gate", () => {
  using rig = new Rig();
  const peer = rig.login(1);
  rig.device.gate.shut();
  for (let count = 0; count < 100; count++) assert.deepEqual(peer.send(writeCommand(peer)), []);
  const [session] = rig.node.sessions;
  assert.equal(session!.tasks.size, 32, "QueuedCommands");
  peer.connection.close();
  assert.equal(rig.node.memory.lent, 0);
  rig.device.gate.open();
});

Deno.test("a copy stops before its next piece, and goes on when the gate opens", () => {
  using rig = new CopyRig({ source: { size: 4 * MIB }, destination: { size: 4 * MIB } });
  const peer = rig.login(1);
  rig.destination.store.hanging = true;
  const copy = copyCommand(peer, listOf([{ blocks: 4 * MIB / BLOCK }]));
  assert.deepEqual(peer.send(copy), []);
  rig.destination.device.gate.shut();
  rig.destination.store.hanging = false;
  rig.destination.store.release();
  assert.deepEqual(peer.take(), []);
  assert.equal(rig.copied[0], rig.content[0], "the piece that was being written is written");
  assert(rig.copied.subarray(MIB).every((byte) => byte === 0), "and no other");
  const [session] = rig.source.node.sessions;
  assert(rig.destination.device.gate.isParked(session!.tasks.get(copy.itt)!));
  rig.destination.device.gate.open();
  assert.deepEqual(statuses(peer.take()), [`${copy.itt} 0`]);
  assert.deepEqual(rig.copied, new Uint8Array(rig.content));
  assert.equal(rig.lent, 0);
});

Deno.test("copies of those who are gone do not pile up at the gate", () => {
  using rig = new CopyRig({ source: { size: MIB }, destination: { size: MIB } });
  rig.destination.device.gate.shut();
  const list = listOf([{ blocks: MIB / BLOCK }]);
  for (let isid = 1; isid <= 8; isid++) {
    const peer = rig.login(isid);
    const command = copyCommand(peer, list);
    assert.deepEqual(peer.send(command), []);
    peer.connection.close();
    assert(rig.lent <= 2 * MIB, `${rig.lent} bytes with ${isid} copies`);
  }
  rig.destination.device.gate.open();
  assert(rig.copied.every((byte) => byte === 0), "an aborted copy writes nothing");
  assert.equal(rig.lent, 0);
});
