/** A drive whose medium comes and goes while initiators use it, over stores that hang. */
import assert from "node:assert/strict";
import { OPERATION_TABLES } from "../../lib/scst/opcodes.ts";
import { DeviceType } from "../../lib/scsi/device_type.ts";
import { CD_BLOCK, CdRig, imageOf } from "../harness/cd_rig.ts";
import { driveExampleOf } from "../harness/drive_example.ts";
import { exchange, exchangeGood, exchangeManagement, exchangeSense } from "../harness/exchange.ts";
import type { Peer } from "../harness/rig.ts";
import {
  preventRemoval,
  read10,
  requestSense,
  sendDiagnostic,
  startStopUnit,
  testUnitReady,
  verify10,
} from "../initiator/cdb.ts";
import { Field, FINAL, type Pdu } from "../initiator/pdu.ts";
import { READ, TaskAttribute } from "../initiator/requests.ts";
import { parseResponseSense, parseSense, senseText } from "../initiator/sense.ts";

const NO_MEDIUM = "02/3A/00";
const CHANGED = "06/28/00";
const LOGICAL_UNIT_RESET = 5;

const EJECT = startStopUnit({ loadOrEject: true });
const LOAD = startStopUnit({ loadOrEject: true, start: true });

function blockOf(seed: number, lba: number): Uint8Array {
  return imageOf(seed).slice(lba * CD_BLOCK, (lba + 1) * CD_BLOCK);
}

function readBlock(peer: Peer, lba: number): Uint8Array {
  return exchangeGood(peer, read10(lba, 1), { read: CD_BLOCK });
}

/** A READ(10) of one block that is not answered at once. */
function sendRead(peer: Peer, lba: number, attribute: number = TaskAttribute.Simple): Pdu {
  const flags = FINAL | READ | attribute;
  const command = peer.command({ cdb: read10(lba, 1), flags, expectedLength: CD_BLOCK });
  assert.deepEqual(peer.send(command), []);
  return command;
}

/** How a command that was answered later has ended: its data, or its sense. */
function outcomeOf(answers: readonly Pdu[], command: Pdu): Uint8Array | string {
  const [answer, ...more] = answers.filter((pdu) => pdu.itt === command.itt);
  assert.equal(more.length, 0);
  if (answer!.u8(Field.status) === 0) return answer!.data;
  return senseText(parseResponseSense(answer!.data));
}

Deno.test("an empty drive has what needs no medium, and takes one in", () => {
  using rig = new CdRig({ empty: true });
  const [one, other] = [rig.login(1), rig.login(2)];
  const found: string[] = [];
  for (const row of OPERATION_TABLES[DeviceType.CD_ROM].rows) {
    const { cdb, transfer } = driveExampleOf(row);
    const { sense } = exchange(one, cdb, transfer);
    if (senseText(sense) !== NO_MEDIUM) found.push(row.name);
    else assert(row.onDisk !== undefined || row.name === "START STOP UNIT", row.name);
  }
  for (const name of ["INQUIRY", "MODE SENSE(10)", "GET CONFIGURATION", "MECHANISM STATUS"]) {
    assert(found.includes(name), name);
  }
  for (const name of ["TEST UNIT READY", "READ CAPACITY(10)", "READ(10)", "READ TOC/PMA/ATIP"]) {
    assert(!found.includes(name), name);
  }
  const sense = parseSense(exchangeGood(one, requestSense(18), { read: 18 }));
  assert.equal(senseText(sense), NO_MEDIUM);
  exchangeGood(one, sendDiagnostic(0x04));
  rig.insert(7);
  for (const peer of [one, other]) {
    exchangeSense(peer, testUnitReady(), CHANGED);
    assert.deepEqual(readBlock(peer, 3), blockOf(7, 3));
  }
});

Deno.test("changeMedium() gives everybody the new blocks, and the attention first", () => {
  using rig = new CdRig();
  const peers = [rig.login(1), rig.login(2)];
  for (const seed of [2, 3]) {
    rig.insert(seed);
    for (const peer of peers) {
      exchangeSense(peer, read10(0, 1), CHANGED, { read: CD_BLOCK });
      assert.deepEqual(readBlock(peer, 0), blockOf(seed, 0));
    }
  }
  assert.equal(rig.store.closes, 1);
  rig.remove();
  for (const peer of peers) exchangeSense(peer, testUnitReady(), NO_MEDIUM);
});

Deno.test("a read that the old store works on fails when the medium has gone, and no other data comes", () => {
  for (const replaces of [false, true]) {
    using rig = new CdRig();
    const [one, other] = [rig.login(1), rig.login(2)];
    rig.store.hanging = true;
    const reads = [sendRead(one, 0), sendRead(one, 1), sendRead(other, 2)];
    if (replaces) rig.insert(2);
    else rig.remove();
    assert.equal(rig.store.closes, 0, "requests work on it");
    rig.store.release(2);
    assert.equal(rig.store.closes, 0, "one still does");
    rig.store.release();
    assert.equal(rig.store.closes, 1);
    const answers = [one.take(), one.take(), other.take()];
    assert.equal(outcomeOf(answers[0]!, reads[0]!), NO_MEDIUM);
    assert.equal(outcomeOf(answers[0]!, reads[1]!), NO_MEDIUM);
    assert.equal(outcomeOf(answers[2]!, reads[2]!), NO_MEDIUM);
    exchangeSense(one, read10(0, 1), replaces ? CHANGED : NO_MEDIUM, { read: CD_BLOCK });
    if (replaces) assert.deepEqual(readBlock(one, 0), blockOf(2, 0));
  }
});

Deno.test("a command that waits for its turn does not read from a medium that it did not come for", () => {
  for (const [replaces, wanted] of [[false, NO_MEDIUM], [true, CHANGED]] as const) {
    using rig = new CdRig();
    const peer = rig.login(1);
    rig.store.hanging = true;
    const [first, waiting] = [sendRead(peer, 0), sendRead(peer, 1, TaskAttribute.Ordered)];
    assert.equal(rig.store.held.length, 1);
    if (replaces) rig.insert(2);
    else rig.remove();
    rig.store.release();
    const answers = peer.take();
    assert.equal(outcomeOf(answers, first), NO_MEDIUM);
    assert.equal(outcomeOf(answers, waiting), wanted);
    assert.equal(rig.store.closes, 1);
  }
});

Deno.test("a command in several steps does not go on with another medium", () => {
  using rig = new CdRig();
  const peer = rig.login(1);
  rig.store.hanging = true;
  const verify = peer.command({ cdb: verify10(0, 4) });
  const test = peer.command({ cdb: sendDiagnostic(0x04) });
  for (const command of [verify, test]) assert.deepEqual(peer.send(command), []);
  assert.equal(rig.store.held.length, 2, "a flush and the first of three blocks");
  const store = rig.insert(2);
  store.hanging = true;
  for (let step = 0; rig.store.held.length > 0; step++) {
    assert(step < 4);
    rig.store.release();
  }
  assert.equal(store.held.length, 0, "nothing of the new one was touched");
  assert.equal(rig.store.closes, 1);
  const answers = peer.take();
  assert.equal(outcomeOf(answers, verify), NO_MEDIUM);
  assert.equal(outcomeOf(answers, test), "04/3E/03");
  assert.equal(rig.disk.failure, 0, "the flush did not fail");
});

Deno.test("commands that are aborted, and nexuses that end, keep the old medium open no longer", () => {
  using rig = new CdRig();
  const [one, other] = [rig.login(1), rig.login(2)];
  rig.store.hanging = true;
  sendRead(one, 0);
  sendRead(other, 1);
  assert.equal(exchangeManagement(one, LOGICAL_UNIT_RESET), 0);
  other.connection.lost("gone");
  rig.insert(2);
  assert.equal(rig.store.closes, 0, "the store has not finished with them");
  rig.store.release();
  assert.equal(rig.store.closes, 1);
  assert.deepEqual(one.take(), []);
});

Deno.test("eject by an initiator lets reads end, and nobody begin another one until it is loaded", () => {
  using rig = new CdRig();
  const [one, other] = [rig.login(1), rig.login(2)];
  rig.store.hanging = true;
  const read = sendRead(other, 4);
  exchangeGood(one, EJECT);
  rig.store.hanging = false;
  for (const peer of [one, other]) exchangeSense(peer, testUnitReady(), NO_MEDIUM);
  rig.store.release();
  assert.deepEqual(outcomeOf(other.take(), read), blockOf(1, 4));
  exchangeGood(one, LOAD);
  assert.deepEqual(readBlock(one, 4), blockOf(1, 4));
  exchangeSense(other, testUnitReady(), CHANGED);
  assert.deepEqual(readBlock(other, 4), blockOf(1, 4));
});

Deno.test("changeMedium() closes the tray, with a medium and without", () => {
  using rig = new CdRig();
  const peer = rig.login(1);
  exchangeGood(peer, EJECT);
  rig.insert(2);
  exchangeSense(peer, testUnitReady(), CHANGED);
  assert.deepEqual(readBlock(peer, 0), blockOf(2, 0));
  exchangeGood(peer, EJECT);
  rig.remove();
  exchangeSense(peer, testUnitReady(), NO_MEDIUM);
  exchangeGood(peer, EJECT);
  exchangeSense(peer, testUnitReady(), NO_MEDIUM);
  exchangeGood(peer, LOAD);
  exchangeSense(peer, testUnitReady(), NO_MEDIUM);
});

Deno.test("preventRemoval() of a drive: the persistent state binds the operator, not initiators", () => {
  using rig = new CdRig();
  const [one, other] = [rig.login(1), rig.login(2)];
  const { tray } = rig.disk;
  exchangeGood(one, preventRemoval(1));
  exchangeSense(other, EJECT, "05/53/02");
  assert(tray.isLocked);
  exchangeGood(one, preventRemoval(2));
  assert(tray.isLocked, "the two states are independent");
  exchangeGood(one, preventRemoval(0));
  assert(!tray.isLocked);
  exchangeGood(one, preventRemoval(3));
  exchangeGood(one, preventRemoval(0));
  assert(tray.isLocked);
  exchangeGood(other, EJECT);
  exchangeGood(other, LOAD);
  exchangeSense(one, testUnitReady(), CHANGED);
  one.connection.lost("gone");
  assert(!tray.isLocked, "it ends with its nexus");
  exchangeGood(other, preventRemoval(3));
  exchangeGood(other, preventRemoval(1));
  assert.equal(exchangeManagement(other, LOGICAL_UNIT_RESET), 0);
  assert(!tray.isLocked, "and with a reset");
});

Deno.test("a drive under many readers, whose medium is changed all the time, never mixes two images", () => {
  using rig = new CdRig();
  const peers = [rig.login(1), rig.login(2), rig.login(3)];
  let store = rig.store;
  let seed = 1;
  const stores = [store];
  const ended = { data: 0, sense: 0 };
  for (let turn = 0; turn < 300; turn++) {
    const peer = peers[turn % peers.length]!;
    store.hanging = turn % 5 < 3;
    const cdb = read10(turn % 32, 1);
    const command = peer.command({ cdb, flags: 0xc1, expectedLength: CD_BLOCK });
    const seedThen = seed;
    const answers = peer.send(command);
    if (turn % 7 === 0) {
      seed = turn + 2;
      store = rig.insert(seed);
      stores.push(store);
    } else if (turn % 11 === 0) rig.remove();
    if (turn % 3 === 0) { for (const held of stores) held.release(); }
    for (const answer of [...answers, ...peer.take()]) {
      if (answer.u8(Field.status) !== 0) ended.sense++;
      else if (answer.itt === command.itt) {
        assert.deepEqual(answer.data, blockOf(seedThen, turn % 32), `turn ${turn}`);
        ended.data++;
      }
    }
  }
  for (const held of stores) held.release();
  rig.remove();
  assert(ended.data > 20 && ended.sense > 50, JSON.stringify(ended));
  for (const [index, { closes }] of stores.entries()) assert.equal(closes, 1, `store ${index}`);
});
