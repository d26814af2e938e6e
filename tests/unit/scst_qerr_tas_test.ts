/** QERR and TAS of the Control mode page (SPC-5 7.5.10): what becomes of the commands of others. */
import assert from "node:assert/strict";
import { Attribute } from "../../lib/scsi/status.ts";
import {
  exchangeGood,
  exchangeManagement,
  exchangeSense,
  manage,
  reserveOut,
} from "../harness/exchange.ts";
import { changedPage, CONTROL, modeList, selectPages } from "../harness/modes.ts";
import { type Peer, Rig } from "../harness/rig.ts";
import { openWrite, sendWaiting, statuses } from "../harness/under_way.ts";
import { patternBytes } from "../initiator/bytes.ts";
import {
  compareAndWrite,
  modeSelect6,
  modeSense6,
  read10,
  testUnitReady,
  write10,
} from "../initiator/cdb.ts";
import { FINAL, NO_TAG } from "../initiator/pdu.ts";
import { dataOut, WRITE } from "../initiator/requests.ts";
import { PrOut } from "../initiator/reservations.ts";

const CLEAR_TASK_SET = 4;
const LOGICAL_UNIT_RESET = 5;

const QERR = 0x06;
const ABORT_TASK_SET = 0x02;
const ABORT_NEXUS = 0x06;
const TAS = 0x40;
const TASK_ABORTED = "40";

/** Behind the end of the medium. */
const BEYOND = 1_000_000;

const ZEROS = new Uint8Array(512);
const data = patternBytes(512, 1);

function setQerr(peer: Peer, qerr: number): void {
  selectPages(peer, [changedPage(peer, CONTROL, 3, qerr, QERR)]);
}

/** Sets TAS; the peers hear of it. */
function setTas(peer: Peer, ...others: Peer[]): void {
  selectPages(peer, [changedPage(peer, CONTROL, 5, TAS)]);
  for (const other of others) exchangeSense(other, testUnitReady(), "06/2A/01");
}

/** Makes a command fail; what else came to the peer is of no interest. */
function fail(peer: Peer): void {
  exchangeSense(peer, modeSense6(0x3e, 255), "05/24/00", {
    read: 255,
    attribute: Attribute.HEAD_OF_QUEUE,
  });
}

/** Sends a write of one block whose data, which comes without an R2T, is still to come. */
function beginWrite(peer: Peer, lba: number): number {
  const command = peer.command({ cdb: write10(lba, 1), flags: WRITE | 1, expectedLength: 512 });
  assert.deepEqual(peer.send(command), []);
  return command.itt;
}

/** Sends that data, and returns the statuses that come. */
function endWrite(peer: Peer, itt: number): string[] {
  const fields = { itt, ttt: NO_TAG, expStatSn: 0, offset: 0, dataSn: 0, final: true };
  return statuses(peer.send(dataOut({ ...fields, data })));
}

const blockOf = (peer: Peer, lba: number) => exchangeGood(peer, read10(lba, 1), { read: 512 });

Deno.test("with QERR 00b a failing command leaves the others alone", () => {
  using rig = new Rig();
  const peer = rig.login(1);
  const write = openWrite(peer, 3, data);
  fail(peer);
  assert.deepEqual(statuses(write.finish()), [`${write.itt} 0`]);
});

Deno.test("with QERR 01b and 11b a failing command takes those of its nexus along", () => {
  for (const qerr of [ABORT_TASK_SET, ABORT_NEXUS]) {
    using rig = new Rig();
    const [peer, other] = [rig.login(1), rig.login(2)];
    setQerr(peer, qerr);
    exchangeSense(other, testUnitReady(), "06/2A/01");
    const [own, foreign] = [openWrite(peer, 3, data), openWrite(other, 4, data)];
    const waiting = sendWaiting(peer, Attribute.ORDERED);
    fail(peer);
    assert.deepEqual(own.finish(), [], "late data is dropped");
    assert.deepEqual(statuses(foreign.finish()), [`${foreign.itt} 0`], "TST 001b");
    assert.deepEqual(peer.take(), [], `${waiting} ends without a status`);
    assert.deepEqual(blockOf(peer, 3), ZEROS);
    assert.deepEqual(blockOf(other, 4), data);
  }
});

Deno.test("QERR takes along what waits for the same blocks, which are free afterwards", () => {
  using rig = new Rig();
  const [peer, other] = [rig.login(1), rig.login(2)];
  setQerr(peer, ABORT_TASK_SET);
  exchangeSense(other, testUnitReady(), "06/2A/01");
  rig.store.hanging = true;
  const compare = () => {
    const differs = patternBytes(1024, 9);
    return peer.command({
      cdb: compareAndWrite(1, 1),
      flags: FINAL | WRITE | 1,
      expectedLength: 1024,
      data: differs,
    });
  };
  const commands = [compare(), compare(), compare()];
  assert.deepEqual(commands.flatMap((command) => peer.send(command)), []);
  rig.store.hanging = false;
  rig.store.release();
  const [failed, ...more] = statuses(peer.take());
  assert.match(failed ?? "", / 2$/);
  assert.deepEqual(more, [], "the others end without a status");
  exchangeGood(other, write10(1, 1), { write: data });
  assert.equal(rig.node.memory.lent, 0);
});

Deno.test("QERR does not lose the status of the very command that failed while its data comes", () => {
  using rig = new Rig();
  const peer = rig.connect();
  peer.login(1, { InitialR2T: "No" });
  exchangeSense(peer, testUnitReady(), "06/29/00");
  setQerr(peer, ABORT_TASK_SET);
  const beyond = beginWrite(peer, BEYOND);
  assert.deepEqual(endWrite(peer, beyond), [`${beyond} 2`]);
});

Deno.test("with one task set for all, QERR 01b reaches everybody and 11b the nexus only", () => {
  for (const [qerr, reaches] of [[ABORT_TASK_SET, true], [ABORT_NEXUS, false]] as const) {
    using rig = new Rig({ tst: 0 });
    const [peer, other] = [rig.login(1), rig.login(2)];
    setQerr(peer, qerr);
    exchangeSense(other, testUnitReady(), "06/2A/01");
    const foreign = openWrite(other, 4, data);
    fail(peer);
    assert.deepEqual(statuses(foreign.finish()), reaches ? [] : [`${foreign.itt} 0`]);
    if (reaches) exchangeSense(other, testUnitReady(), "06/2F/00");
    exchangeGood(other, testUnitReady());
    exchangeGood(peer, testUnitReady());
  }
});

Deno.test("QERR 10b is reserved", () => {
  using rig = new Rig();
  const peer = rig.login(1);
  const write = modeList(changedPage(peer, CONTROL, 3, 0x04, 0x02));
  const cdb = modeSelect6(write.length, 0x10);
  const { fieldPointer } = exchangeSense(peer, cdb, "05/26/00", { write });
  assert.deepEqual(fieldPointer, { inCdb: false, byte: 7, bit: 2 });
});

Deno.test("CLEAR TASK SET of one task set for all is told to the others, or reported with TAS", () => {
  for (const tas of [false, true]) {
    using rig = new Rig({ tst: 0 });
    const [peer, other] = [rig.login(1), rig.login(2)];
    if (tas) setTas(peer, other);
    const [own, foreign] = [openWrite(peer, 3, data), openWrite(other, 4, data)];
    assert.deepEqual(manage(peer, CLEAR_TASK_SET), { response: 0, others: [] });
    assert.deepEqual(statuses(other.take()), tas ? [`${foreign.itt} ${TASK_ABORTED}`] : []);
    assert.deepEqual([...own.finish(), ...foreign.finish()], []);
    if (!tas) exchangeSense(other, testUnitReady(), "06/2F/00");
    for (const who of [peer, other]) exchangeGood(who, testUnitReady());
    for (const lba of [3, 4]) assert.deepEqual(blockOf(peer, lba), ZEROS);
  }
});

Deno.test("LOGICAL UNIT RESET reports the commands of others with TAS, and then tells of the reset", () => {
  using rig = new Rig();
  const [peer, other] = [rig.login(1), rig.login(2)];
  setTas(peer, other);
  const [own, foreign] = [openWrite(peer, 3, data), openWrite(other, 4, data)];
  assert.deepEqual(manage(peer, LOGICAL_UNIT_RESET), { response: 0, others: [] });
  assert.deepEqual(statuses(other.take()), [`${foreign.itt} ${TASK_ABORTED}`]);
  assert.deepEqual([...own.finish(), ...foreign.finish()], []);
  exchangeSense(other, testUnitReady(), "06/29/03");
  exchangeGood(other, testUnitReady());
});

Deno.test("PREEMPT AND ABORT reports the commands that it aborts with TAS", () => {
  for (const tas of [false, true]) {
    using rig = new Rig();
    const [peer, other] = [rig.login(1), rig.login(2)];
    reserveOut(peer, PrOut.REGISTER, { actionKey: 1n });
    reserveOut(other, PrOut.REGISTER, { actionKey: 2n });
    if (tas) setTas(peer, other);
    const foreign = openWrite(other, 4, data);
    reserveOut(peer, PrOut.PREEMPT_AND_ABORT, { key: 1n, actionKey: 2n });
    assert.deepEqual(statuses(other.take()), tas ? [`${foreign.itt} ${TASK_ABORTED}`] : []);
    exchangeSense(other, testUnitReady(), "06/2A/05");
    if (!tas) exchangeSense(other, testUnitReady(), "06/2F/00");
    exchangeGood(other, testUnitReady());
  }
});

Deno.test("a command that the store works on gets TASK ABORTED at once, and keeps its blocks", () => {
  using rig = new Rig();
  const [peer, other] = [rig.login(1), rig.login(2)];
  setTas(peer, other);
  rig.store.hanging = true;
  const foreign = openWrite(other, 4, data);
  assert.deepEqual(foreign.finish(), [], "the store hangs");
  assert.equal(exchangeManagement(peer, LOGICAL_UNIT_RESET), 0);
  assert.deepEqual(statuses(other.take()), [`${foreign.itt} ${TASK_ABORTED}`]);
  exchangeSense(peer, testUnitReady(), "06/29/03");
  const later = openWrite(peer, 4, patternBytes(512, 2));
  assert.deepEqual(later.finish(), [], "its blocks are barred");
  rig.store.hanging = false;
  rig.store.release();
  assert.deepEqual(other.take(), [], "its late end is heard by nobody");
  assert.deepEqual(statuses(peer.take()), [`${later.itt} 0`]);
  assert.deepEqual(blockOf(peer, 4), patternBytes(512, 2));
});

Deno.test("with TAS a status that waits for unsolicited data stays what it was", () => {
  using rig = new Rig();
  const [peer, other] = [rig.login(1), rig.connect()];
  other.login(2, { InitialR2T: "No" });
  exchangeSense(other, testUnitReady(), "06/29/00");
  setTas(peer, other);
  const beyond = beginWrite(other, BEYOND);
  const early = beginWrite(other, 6);
  assert.equal(exchangeManagement(peer, LOGICAL_UNIT_RESET), 0);
  assert.deepEqual(other.take(), [], "no status before the end of the data");
  assert.deepEqual(endWrite(other, beyond), [`${beyond} 2`]);
  assert.deepEqual(endWrite(other, early), [`${early} ${TASK_ABORTED}`]);
  exchangeSense(other, testUnitReady(), "06/29/03");
  assert.deepEqual(blockOf(other, 6), ZEROS);
});
