/** Removable devices: START STOP UNIT (SBC-4 5.25) and PREVENT ALLOW MEDIUM REMOVAL (SPC-5 6.16). */
import assert from "node:assert/strict";
import { Errno } from "../../ffi/errno.ts";
import { OPERATION_TABLE } from "../../lib/scst/opcodes.ts";
import { IoOperation } from "../../lib/store/io_request.ts";
import { exampleOf } from "../harness/example.ts";
import { exchange, exchangeGood, exchangeManagement, exchangeSense } from "../harness/exchange.ts";
import { type Peer, Rig } from "../harness/rig.ts";
import { patternBytes } from "../initiator/bytes.ts";
import {
  inquiry,
  modeSense10,
  preventRemoval,
  read10,
  requestSense,
  startStopUnit,
  testUnitReady,
  write10,
} from "../initiator/cdb.ts";
import { Field, FINAL } from "../initiator/pdu.ts";
import { READ, TaskAttribute } from "../initiator/requests.ts";
import { parseResponseSense, parseSense, senseText } from "../initiator/sense.ts";

const LOGICAL_UNIT_RESET = 5;
const NO_MEDIUM = "02/3A/00";
const PREVENTED = "05/53/02";

const EJECT = startStopUnit({ loadOrEject: true });
const LOAD = startStopUnit({ loadOrEject: true, start: true });

function isReady(peer: Peer): boolean {
  return exchange(peer, testUnitReady()).status === 0;
}

Deno.test("startStopUnit() ejects and loads, and tells the others of what they may find", () => {
  using rig = new Rig({ removable: true });
  const [one, other] = [rig.login(1), rig.login(2)];
  assert.equal(exchangeGood(one, inquiry(96), { read: 96 })[1], 0x80, "RMB");
  for (const immediate of [false, true]) {
    exchangeGood(one, startStopUnit({ loadOrEject: true, immediate }));
    exchangeGood(one, EJECT);
    for (const peer of [one, other]) exchangeSense(peer, testUnitReady(), NO_MEDIUM);
    exchangeGood(one, startStopUnit({ loadOrEject: true, start: true, immediate }));
    exchangeGood(one, LOAD);
    assert(isReady(one));
    exchangeSense(other, testUnitReady(), "06/28/00");
    assert(isReady(other));
  }
});

Deno.test("without a medium there is only what needs none", () => {
  using rig = new Rig({ removable: true });
  const peer = rig.login(1);
  const before = Deno.readFileSync(rig.path);
  exchangeGood(peer, EJECT);
  const found: string[] = [];
  for (const row of OPERATION_TABLE.rows) {
    const { cdb, transfer } = exampleOf(row);
    const { sense } = exchange(peer, cdb, transfer);
    if (sense === undefined || senseText(sense) !== NO_MEDIUM) found.push(row.name);
  }
  for (const name of ["TEST UNIT READY", "READ(6)", "READ CAPACITY(16)", "UNMAP", "WRITE(16)"]) {
    assert(!found.includes(name), name);
  }
  for (const name of ["POPULATE TOKEN", "WRITE USING TOKEN"]) assert(!found.includes(name), name);
  for (const name of ["INQUIRY", "MODE SENSE(6)", "MODE SELECT(10)", "REPORT LUNS"]) {
    assert(found.includes(name), name);
  }
  assert.deepEqual(Deno.readFileSync(rig.path), before);
  const sense = parseSense(exchangeGood(peer, requestSense(18), { read: 18 }));
  assert.equal(senseText(sense), NO_MEDIUM);
  const header = exchangeGood(peer, modeSense10(0x08, 64), { read: 64 });
  assert.deepEqual([...header.subarray(8, 16)], [0, 0, 0, 0, 0, 0, 2, 0], "no blocks");
  exchangeSense(peer, startStopUnit({ start: true }), NO_MEDIUM);
});

Deno.test("preventRemoval() holds the medium as long as one nexus wants it", () => {
  using rig = new Rig({ removable: true });
  const [one, other] = [rig.login(1), rig.login(2)];
  for (const peer of [one, other]) exchangeGood(peer, preventRemoval(1));
  exchangeSense(one, EJECT, PREVENTED);
  exchangeGood(one, preventRemoval(0));
  exchangeSense(one, EJECT, PREVENTED);
  assert(isReady(one));
  exchangeGood(other, preventRemoval(0));
  exchangeGood(one, EJECT);
  exchangeGood(other, preventRemoval(1));
  exchangeSense(one, LOAD, PREVENTED);
  exchangeGood(other, preventRemoval(0));
  exchangeGood(other, LOAD);
  for (const prevent of [2, 3]) {
    const { fieldPointer } = exchangeSense(other, preventRemoval(prevent), "05/24/00");
    assert.deepEqual(fieldPointer, { inCdb: true, byte: 4, bit: 1 });
  }
});

Deno.test("preventRemoval() ends with its nexus and with a reset", () => {
  using rig = new Rig({ removable: true });
  const [one, other] = [rig.login(1), rig.login(2)];
  exchangeGood(one, preventRemoval(1));
  one.connection.lost("gone");
  exchangeGood(other, EJECT);
  exchangeGood(other, LOAD);
  exchangeGood(other, preventRemoval(1));
  exchangeSense(other, EJECT, PREVENTED);
  assert.equal(exchangeManagement(other, LOGICAL_UNIT_RESET), 0);
  exchangeSense(other, testUnitReady(), "06/29/03");
  exchangeGood(other, EJECT);
});

Deno.test("a command that waits for its turn does not outlast the medium that it came for", () => {
  for (const [reloads, wanted] of [[false, NO_MEDIUM], [true, "06/28/00"]] as const) {
    using rig = new Rig({ removable: true });
    const [one, other] = [rig.login(1), rig.login(2)];
    const flags = FINAL | READ | TaskAttribute.Ordered;
    const waiting = { cdb: read10(8, 1), flags, expectedLength: 512 };
    rig.store.hanging = true;
    one.send(one.command({ ...waiting, cdb: read10(0, 1) }));
    const read = one.command(waiting);
    one.send(read);
    exchangeGood(other, startStopUnit({ loadOrEject: true, immediate: true }));
    if (reloads) exchangeGood(other, LOAD);
    assert.equal(rig.store.held.length, 2, "the first read and the flush");
    rig.store.hanging = false;
    rig.store.release();
    const answers = one.take();
    assert.equal(answers.length, 2);
    assert.equal(answers[0]!.u8(Field.status), 0, "the store worked on this one");
    assert.equal(answers[1]!.itt, read.itt);
    assert.equal(senseText(parseResponseSense(answers[1]!.data)), wanted);
  }
});

Deno.test("startStopUnit() without LOEJ, or with a power condition, leaves the unit ready", () => {
  for (const removable of [true, false]) {
    using rig = new Rig({ removable });
    const peer = rig.login(1);
    for (const immediate of [true, false]) {
      for (const start of [true, false]) {
        exchangeGood(peer, startStopUnit({ immediate, start }));
        assert(isReady(peer));
      }
      for (let powerCondition = 1; powerCondition < 16; powerCondition++) {
        exchangeGood(peer, startStopUnit({ immediate, powerCondition, loadOrEject: true }));
        assert(isReady(peer));
      }
    }
  }
});

Deno.test("a disk that is not removable has no medium to eject and nothing to prevent", () => {
  using rig = new Rig();
  const peer = rig.login(1);
  assert.equal(exchangeGood(peer, inquiry(96), { read: 96 })[1], 0);
  for (const cdb of [EJECT, LOAD]) {
    const { fieldPointer } = exchangeSense(peer, cdb, "05/24/00");
    assert.deepEqual(fieldPointer, { inCdb: true, byte: 4, bit: 1 });
  }
  exchangeSense(peer, preventRemoval(1), "05/20/00");
});

Deno.test("startStopUnit() flushes before it ejects, and keeps the medium when it cannot", () => {
  using rig = new Rig({ removable: true });
  const peer = rig.login(1);
  exchangeGood(peer, write10(0, 1), { write: patternBytes(512, 1) });
  rig.store.hanging = true;
  const command = peer.command({ cdb: EJECT });
  assert.equal(peer.send(command).length, 0);
  assert.deepEqual(rig.store.held.map(({ operation }) => operation), [IoOperation.SYNC]);
  rig.store.hanging = false;
  rig.store.release();
  const [answer] = peer.take();
  assert.equal(answer!.itt, command.itt);
  assert.equal(answer!.u8(3), 0);
  exchangeGood(peer, LOAD);
  rig.store.failures.set(IoOperation.SYNC, Errno.EIO);
  exchangeGood(peer, startStopUnit({ loadOrEject: true, noFlush: true }));
  exchangeGood(peer, LOAD);
  exchangeSense(peer, EJECT, "03/0C/00");
  assert(isReady(peer));
});
