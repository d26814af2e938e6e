/** What is never answered under `black_hole`, and what becomes of it. */
import assert from "node:assert/strict";
import type { BlackHole } from "../../lib/scst/black_hole.ts";
import { LunSet } from "../../lib/scst/lun_set.ts";
import { manage } from "../harness/copy_rig.ts";
import { answersIn, exchangeGood, exchangeManagement } from "../harness/exchange.ts";
import { BLOCK, type Peer, Rig, TARGET } from "../harness/rig.ts";
import { patternBytes } from "../initiator/bytes.ts";
import { inquiry, read10, testUnitReady, write10 } from "../initiator/cdb.ts";
import { Field, FINAL, NO_TAG, Opcode, Pdu } from "../initiator/pdu.ts";
import { dataOut, nopOut, READ, WRITE } from "../initiator/requests.ts";

const SIMPLE = 1;
const ABORT_TASK = 1;
const LOGICAL_UNIT_RESET = 5;
const DATA = patternBytes(BLOCK, 3);

function setBlackHole(rig: Rig, blackHole: number): void {
  rig.node.findTarget(TARGET)!.luns.blackHole = blackHole as BlackHole;
}

function readCommand(peer: Peer): Pdu {
  return peer.command({ cdb: read10(0, 1), flags: FINAL | READ | SIMPLE, expectedLength: BLOCK });
}

function writeCommand(peer: Peer, lba = 1): Pdu {
  const flags = FINAL | WRITE | SIMPLE;
  return peer.command({ cdb: write10(lba, 1), flags, expectedLength: BLOCK, data: DATA });
}

function isUntouched(rig: Rig): boolean {
  return Deno.readFileSync(rig.path).every((byte) => byte === 0);
}

Deno.test("black_hole says which commands and functions are never answered", () => {
  const table: [mode: number, ready: boolean, data: boolean, management: boolean][] = [
    [0, true, true, true],
    [1, false, false, true],
    [2, false, false, false],
    [3, true, false, true],
    [4, true, false, false],
  ];
  for (const [mode, ready, data, management] of table) {
    using rig = new Rig();
    const peer = rig.login(1);
    setBlackHole(rig, mode);
    const isAnswered = (command: Pdu) => answersIn(peer.send(command)).length > 0;
    assert.equal(isAnswered(peer.command({ cdb: testUnitReady() })), ready, `TUR ${mode}`);
    const identify = peer.command({
      cdb: inquiry(36),
      flags: FINAL | READ | SIMPLE,
      expectedLength: 36,
    });
    assert.equal(isAnswered(identify), ready, `INQUIRY ${mode}`);
    assert.equal(isAnswered(readCommand(peer)), data, `READ ${mode}`);
    assert.equal(isAnswered(writeCommand(peer)), data, `WRITE ${mode}`);
    assert.equal(isUntouched(rig), !data, "what is not answered is not done");
    const reset = manage(peer, LOGICAL_UNIT_RESET, {});
    assert.equal(isAnswered(reset), management, `LOGICAL UNIT RESET ${mode}`);
    peer.connection.close();
    assert.equal(rig.node.memory.lent, 0);
  }
});

Deno.test("what a black hole has can be aborted, and goes with its session", () => {
  using rig = new Rig();
  const peer = rig.login(1);
  setBlackHole(rig, 1);
  const [first, second] = [writeCommand(peer), readCommand(peer)];
  assert.deepEqual([...peer.send(first), ...peer.send(second)], []);
  const [session] = rig.node.sessions;
  assert.equal(session!.tasks.size, 2);
  const [answer] = peer.send(manage(peer, ABORT_TASK, { task: first.itt }));
  assert.equal(answer!.u8(Field.response), 0, "it was there");
  assert.equal(exchangeManagement(peer, LOGICAL_UNIT_RESET), 0);
  assert.equal(session!.tasks.size, 0);
  setBlackHole(rig, 0);
  peer.run({ cdb: testUnitReady() }); // tells of the reset
  exchangeGood(peer, write10(1, 1), { write: DATA });
});

Deno.test("a black hole takes no more than the command window, and nothing of what comes unasked", () => {
  using rig = new Rig();
  const peer = rig.login(1, { FirstBurstLength: "65536", InitialR2T: "No" });
  setBlackHole(rig, 3);
  const flags = WRITE | SIMPLE; // more data comes
  const command = peer.command({ cdb: write10(0, 4), flags, expectedLength: 4 * BLOCK });
  assert.deepEqual(peer.send(command), []);
  for (const part of [0, 1, 2, 3]) {
    const data = dataOut({
      itt: command.itt,
      ttt: NO_TAG,
      expStatSn: 0,
      offset: part * BLOCK,
      dataSn: part,
      final: part === 3,
      data: DATA,
    });
    assert.deepEqual(peer.send(data), [], `part ${part}`);
  }
  assert.equal(rig.node.memory.lent, 0);
  for (let count = 0; count < 100; count++) assert.deepEqual(peer.send(readCommand(peer)), []);
  assert.equal([...rig.node.sessions][0]!.tasks.size, 32, "QueuedCommands");
  const ping = nopOut({ itt: peer.tag(), cmdSn: peer.cmdSn, expStatSn: 0, immediate: true });
  assert.equal(peer.send(ping)[0]?.opcode, Opcode.NopIn);
  assert(isUntouched(rig));
});

Deno.test("a black hole of a group is that of its initiators, and ends when they leave it", () => {
  using rig = new Rig();
  const [peer, other] = [rig.login(1), rig.login(2)];
  const [session] = rig.node.sessions;
  const { luns } = rig.node.findTarget(TARGET)!;
  const group = new LunSet(session!.port, session!.nexus!.addressing);
  group.add(0, rig.device);
  group.blackHole = 1;
  session!.nexus!.regroup(group);
  assert.deepEqual(answersIn(peer.send(readCommand(peer))), []);
  exchangeGood(other, testUnitReady());
  session!.nexus!.regroup(luns);
  exchangeGood(peer, testUnitReady());
});

Deno.test("a black hole is deaf for what its LUNs become: who is swallowed hears nothing of it", () => {
  using rig = new Rig();
  const peer = rig.login(1);
  setBlackHole(rig, 1);
  assert.deepEqual(peer.send(readCommand(peer)), []);
  const [session] = rig.node.sessions;
  session!.nexus!.regroup(new LunSet(session!.port, session!.nexus!.addressing));
  assert.deepEqual(answersIn(peer.take()), []);
  assert.equal(session!.tasks.size, 0);
});
