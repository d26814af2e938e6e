/** Commands that come while their target port is transitioning: they wait a while, and look once more. */
import assert from "node:assert/strict";
import type { AccessStateName } from "../../lib/scst/model.ts";
import { manage } from "../harness/copy_rig.ts";
import { answersIn, exchangeGood, exchangeManagement, exchangeSense } from "../harness/exchange.ts";
import { changedPage, CONTROL, selectPages } from "../harness/modes.ts";
import { BLOCK, type Peer, Rig, TARGET } from "../harness/rig.ts";
import { targetGroup } from "../harness/target_groups.ts";
import { patternBytes } from "../initiator/bytes.ts";
import { read10, testUnitReady, write10 } from "../initiator/cdb.ts";
import { Field, FINAL, Opcode, type Pdu } from "../initiator/pdu.ts";
import { dataOut, READ, WRITE } from "../initiator/requests.ts";
import { parseResponseSense, senseText } from "../initiator/sense.ts";

const SIMPLE = 1;
const ORDERED = 2;
const ABORT_TASK = 1;
const LOGICAL_UNIT_RESET = 5;
const HOLD = 500;

const DATA = patternBytes(BLOCK, 3);

function startRig(): Rig {
  return new Rig({ targetGroups: [targetGroup(1, [TARGET], { state: "transitioning" })] });
}

function alter(rig: Rig, state: AccessStateName): void {
  const group = rig.device.group!;
  group.alter(group.targetGroups[0]!, { state });
}

function writeCommand(peer: Peer, attribute = SIMPLE): Pdu {
  return peer.command({
    cdb: write10(1, 1),
    flags: FINAL | WRITE | attribute,
    expectedLength: BLOCK,
    data: DATA,
  });
}

/** A session past its unit attention, and a WRITE of it that waits. */
function hold(rig: Rig, isid: number): [peer: Peer, command: Pdu] {
  const peer = rig.connect();
  peer.login(isid);
  exchangeSense(peer, testUnitReady(), "06/29/00");
  const command = writeCommand(peer);
  assert.deepEqual(answersIn(peer.send(command)), []);
  return [peer, command];
}

function isWritten(rig: Rig): boolean {
  const found = Deno.readFileSync(rig.path).subarray(BLOCK, 2 * BLOCK);
  return found.every((byte, index) => byte === DATA[index]);
}

/** The one answer that has come, as status or sense. */
function ending(peer: Peer, command: Pdu): string {
  const [answer, ...more] = answersIn(peer.take());
  assert.equal(more.length, 0);
  assert.equal(answer?.opcode, Opcode.ScsiResponse);
  assert.equal(answer.itt, command.itt);
  if (answer.u8(Field.status) === 0) return "GOOD";
  return senseText(parseResponseSense(answer.data));
}

Deno.test("a command waits for the end of a transition, and runs in the state that it brings", () => {
  const cases: [AccessStateName, string][] = [
    ["active", "GOOD"],
    ["nonoptimized", "GOOD"],
    ["standby", "02/04/0B"],
    ["unavailable", "02/04/0C"],
    ["offline", "02/04/0C"],
  ];
  for (const [state, wanted] of cases) {
    using rig = startRig();
    const [peer, command] = hold(rig, 1);
    assert(!isWritten(rig));
    alter(rig, state);
    assert.equal(ending(peer, command), wanted, state);
    assert.equal(isWritten(rig), wanted === "GOOD", state);
    assert.equal(rig.node.memory.lent, 0);
  }
});

Deno.test("a command that has waited for half a second fails with 02/04/0A", () => {
  using rig = startRig();
  const before = performance.now();
  const [peer, command] = hold(rig, 1);
  const group = rig.device.group!;
  assert.deepEqual(rig.looks, [HOLD]);
  group.look(before + HOLD - 1);
  assert.deepEqual(answersIn(peer.take()), []);
  assert.equal(rig.looks.length, 2);
  assert(rig.looks[1]! >= 1 && rig.looks[1]! < HOLD);
  group.look(performance.now() + HOLD);
  assert.equal(ending(peer, command), "02/04/0A");
  alter(rig, "active");
  assert.deepEqual(answersIn(peer.take()), []);
  assert(!isWritten(rig));
  assert.equal(rig.node.memory.lent, 0);
});

Deno.test("commands that wait run in their order, each once", () => {
  using rig = startRig();
  const peer = rig.connect();
  peer.login(1);
  exchangeSense(peer, testUnitReady(), "06/29/00");
  const write = writeCommand(peer);
  const ordered = peer.command({
    cdb: read10(1, 1),
    flags: FINAL | READ | ORDERED,
    expectedLength: BLOCK,
  });
  assert.deepEqual(answersIn([...peer.send(write), ...peer.send(ordered)]), []);
  alter(rig, "active");
  const answers = answersIn(peer.take());
  assert.deepEqual(answers.map(({ itt }) => itt), [write.itt, ordered.itt]);
  assert.deepEqual(answers[1]!.data, DATA);
  assert.deepEqual(answersIn(peer.take()), []);
});

Deno.test("a command that waits can be aborted, and leaves nothing behind", () => {
  const ends: ((peer: Peer, command: Pdu) => void)[] = [
    (peer, { itt }) => {
      const [answer] = answersIn(peer.send(manage(peer, ABORT_TASK, { task: itt })));
      assert.equal(answer?.u8(Field.response), 0);
    },
    (peer) => assert.equal(exchangeManagement(peer, LOGICAL_UNIT_RESET), 0),
    (peer) => peer.connection.close(),
  ];
  for (const end of ends) {
    using rig = startRig();
    const [other] = hold(rig, 2);
    const [peer, command] = hold(rig, 1);
    end(peer, command);
    assert.deepEqual(answersIn(peer.take()), []);
    other.connection.close();
    alter(rig, "active");
    assert.deepEqual(answersIn(peer.take()), []);
    assert(!isWritten(rig));
    assert.equal(rig.node.memory.lent, 0);
    // Nothing bars its block: it can be written at once.
    const third = rig.login(3);
    exchangeGood(third, write10(1, 1), { write: DATA });
    assert(isWritten(rig));
  }
});

Deno.test("with QERR the first command that fails takes those along that wait", () => {
  using rig = startRig();
  alter(rig, "active");
  const peer = rig.login(1);
  selectPages(peer, [changedPage(peer, CONTROL, 3, 0x02, 0x04)]); // QERR 01b
  alter(rig, "transitioning");
  for (const unit of rig.device.users) unit.takeAttention();
  const [first, second] = [writeCommand(peer), writeCommand(peer)];
  assert.deepEqual(answersIn([...peer.send(first), ...peer.send(second)]), []);
  rig.device.group!.look(performance.now() + HOLD);
  assert.equal(ending(peer, first), "02/04/0A");
  alter(rig, "active");
  assert.deepEqual(answersIn(peer.take()), []);
  assert(!isWritten(rig));
  assert.equal(rig.node.memory.lent, 0);
  const [gone] = answersIn(peer.send(manage(peer, ABORT_TASK, { task: second.itt })));
  assert.equal(gone!.u8(Field.response), 1);
});

Deno.test("a command whose data comes after the change meets the new state", () => {
  using rig = startRig();
  alter(rig, "active");
  const peer = rig.login(1, { InitialR2T: "Yes", ImmediateData: "No" });
  const command = peer.command({
    cdb: write10(1, 1),
    flags: FINAL | WRITE | SIMPLE,
    expectedLength: BLOCK,
  });
  const [r2t] = answersIn(peer.send(command));
  assert.equal(r2t?.opcode, Opcode.R2T);
  alter(rig, "standby");
  const data = dataOut({
    itt: command.itt,
    ttt: r2t.u32(Field.ttt),
    expStatSn: 0,
    offset: 0,
    dataSn: 0,
    final: true,
    data: DATA,
  });
  const [answer] = answersIn(peer.send(data));
  assert.equal(senseText(parseResponseSense(answer!.data)), "02/04/0B");
  assert(!isWritten(rig));
});

Deno.test("a command that the store works on ends as if nothing had changed", () => {
  using rig = startRig();
  alter(rig, "active");
  const peer = rig.login(1);
  rig.store.hanging = true;
  const command = writeCommand(peer);
  assert.deepEqual(answersIn(peer.send(command)), []);
  alter(rig, "unavailable");
  assert.deepEqual(answersIn(peer.take()), []);
  rig.store.release();
  assert.equal(ending(peer, command), "GOOD");
  assert(isWritten(rig));
});
