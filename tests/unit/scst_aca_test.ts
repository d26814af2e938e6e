/** Auto contingent allegiance (SAM-5 5.9): NACA, the ACA attribute, CLEAR ACA. */
import assert from "node:assert/strict";
import { Attribute } from "../../lib/scsi/status.ts";
import {
  exchange,
  exchangeGood,
  exchangeManagement,
  exchangeSense,
  manage,
  reserveOut,
  type Transfer,
} from "../harness/exchange.ts";
import { changedPage, CONTROL, selectPages } from "../harness/modes.ts";
import { type Peer, Rig } from "../harness/rig.ts";
import { openWrite, sendWaiting, statuses, withNaca } from "../harness/under_way.ts";
import { patternBytes } from "../initiator/bytes.ts";
import { inquiry, modeSense6, read10, requestSense, testUnitReady } from "../initiator/cdb.ts";
import { PrOut } from "../initiator/reservations.ts";

const ABORT_TASK_SET = 2;
const CLEAR_ACA = 3;
const CLEAR_TASK_SET = 4;
const LOGICAL_UNIT_RESET = 5;

const ACA_ACTIVE = 0x30;
const BUSY = 0x08;
const TMF_ONLY = 0x10;

const aca: Transfer = { attribute: Attribute.ACA };
/** A page that no disk has. */
const wrong = () => modeSense6(0x3e, 255);

/** Makes a command fail that wants an ACA condition for that. */
function fault(peer: Peer, transfer: Transfer = {}): void {
  exchangeSense(peer, withNaca(wrong()), "05/24/00", { read: 255, ...transfer });
}

function statusOf(peer: Peer, cdb = testUnitReady(), transfer: Transfer = {}): number {
  return exchange(peer, cdb, transfer).status;
}

Deno.test("CHECK CONDITION of a command with NACA shuts its nexus out until CLEAR ACA", () => {
  using rig = new Rig();
  const [peer, other] = [rig.login(1), rig.login(2)];
  fault(peer);
  for (const cdb of [testUnitReady(), inquiry(96), requestSense(18), read10(0, 1)]) {
    assert.equal(statusOf(peer, cdb), ACA_ACTIVE);
    assert.equal(statusOf(peer, cdb, { attribute: Attribute.HEAD_OF_QUEUE }), ACA_ACTIVE);
    assert.equal(
      statusOf(other, cdb, { read: 512 }),
      0,
      "TST 001b: it is none of the others' business",
    );
  }
  assert.equal(exchangeManagement(other, CLEAR_ACA), 0);
  assert.equal(statusOf(peer), ACA_ACTIVE, "only the faulted nexus clears it");
  assert.equal(exchangeManagement(peer, CLEAR_ACA), 0);
  assert.equal(statusOf(peer), 0);
  assert.equal(exchangeManagement(peer, CLEAR_ACA), 0, "without a condition nothing happens");
});

Deno.test("without NACA, and with any other status, there is no ACA condition", () => {
  using rig = new Rig();
  const peer = rig.login(1);
  exchangeSense(peer, wrong(), "05/24/00", { read: 255 });
  assert.equal(statusOf(peer), 0);
  exchangeGood(peer, withNaca(testUnitReady()));
  assert.equal(statusOf(peer), 0);
});

Deno.test("a unit attention condition establishes an ACA condition like any other sense", () => {
  using rig = new Rig();
  const peer = rig.connect();
  peer.login(1);
  exchangeSense(peer, withNaca(testUnitReady()), "06/29/00");
  assert.equal(statusOf(peer), ACA_ACTIVE);
});

Deno.test("one command with the ACA attribute at a time runs in spite of the condition", () => {
  using rig = new Rig();
  const peer = rig.login(1);
  fault(peer);
  exchangeGood(peer, testUnitReady(), aca);
  const data = patternBytes(512, 1);
  const write = openWrite(peer, 3, data, Attribute.ACA);
  assert.equal(statusOf(peer, testUnitReady(), aca), ACA_ACTIVE);
  assert.deepEqual(statuses(write.finish()), [`${write.itt} 0`]);
  assert.deepEqual(exchangeGood(peer, read10(3, 1), { read: 512, ...aca }), data);
  assert.equal(statusOf(peer), ACA_ACTIVE, "the condition lasts");
  exchangeManagement(peer, CLEAR_ACA);
  assert.equal(statusOf(peer), 0);
});

Deno.test("a failing ACA command clears the condition, or establishes the next one with NACA", () => {
  using rig = new Rig();
  const peer = rig.login(1);
  fault(peer);
  fault(peer, aca);
  assert.equal(statusOf(peer), ACA_ACTIVE);
  exchangeSense(peer, wrong(), "05/24/00", { read: 255, ...aca });
  assert.equal(statusOf(peer), 0);
});

Deno.test("the ACA attribute without a condition is an invalid message", () => {
  using rig = new Rig();
  const peer = rig.login(1);
  exchangeSense(peer, testUnitReady(), "05/49/00", aca);
  assert.equal(statusOf(peer), 0);
});

Deno.test("with TMF_ONLY not even ACA commands get through", () => {
  using rig = new Rig();
  const peer = rig.login(1);
  selectPages(peer, [changedPage(peer, CONTROL, 2, TMF_ONLY)]);
  fault(peer);
  assert.equal(statusOf(peer, testUnitReady(), aca), ACA_ACTIVE);
  assert.equal(exchangeManagement(peer, CLEAR_ACA), 0);
  assert.equal(statusOf(peer), 0);
});

Deno.test("an ACA condition holds back what has not begun, and lets it go on in order", () => {
  using rig = new Rig();
  const peer = rig.login(1);
  const data = patternBytes(512, 2);
  const write = openWrite(peer, 5, data);
  const ordered = sendWaiting(peer, Attribute.ORDERED);
  const simple = sendWaiting(peer, Attribute.SIMPLE, read10(5, 1));
  fault(peer, { attribute: Attribute.HEAD_OF_QUEUE });
  assert.deepEqual(write.finish(), [], "its data has come, and it waits");
  assert.deepEqual([...Deno.readFileSync(rig.path).subarray(5 * 512, 6 * 512)], Array(512).fill(0));
  const { others } = manage(peer, CLEAR_ACA);
  assert.deepEqual(statuses(others), [write.itt, ordered, simple].map((itt) => `${itt} 0`));
  assert.deepEqual(exchangeGood(peer, read10(5, 1), { read: 512 }), data);
});

Deno.test("ABORT TASK SET takes what is held back and leaves the condition; so does CLEAR TASK SET", () => {
  for (const code of [ABORT_TASK_SET, CLEAR_TASK_SET]) {
    using rig = new Rig();
    const peer = rig.login(1);
    const write = openWrite(peer, 5, patternBytes(512, 3));
    fault(peer);
    assert.deepEqual(write.finish(), []);
    assert.equal(exchangeManagement(peer, code), 0);
    assert.equal(statusOf(peer), ACA_ACTIVE);
    assert.equal(exchangeManagement(peer, CLEAR_ACA), 0);
    assert.equal(statusOf(peer), 0);
    assert.deepEqual(exchangeGood(peer, read10(5, 1), { read: 512 }), new Uint8Array(512));
  }
});

Deno.test("LOGICAL UNIT RESET of any nexus clears an ACA condition", () => {
  using rig = new Rig();
  const [peer, other] = [rig.login(1), rig.login(2)];
  fault(peer);
  assert.equal(exchangeManagement(other, LOGICAL_UNIT_RESET), 0);
  exchangeSense(peer, testUnitReady(), "06/29/03");
  assert.equal(statusOf(peer), 0);
});

Deno.test("PREEMPT AND ABORT comes through, and clears the condition of whom it preempts", () => {
  using rig = new Rig();
  const [peer, other] = [rig.login(1), rig.login(2)];
  reserveOut(peer, PrOut.REGISTER, { actionKey: 1n });
  reserveOut(other, PrOut.REGISTER, { actionKey: 2n });
  fault(other);
  fault(peer);
  reserveOut(peer, PrOut.PREEMPT_AND_ABORT, { key: 1n, actionKey: 2n });
  exchangeSense(other, testUnitReady(), "06/2A/05");
  assert.equal(statusOf(other), 0);
  assert.equal(statusOf(peer), ACA_ACTIVE);
});

Deno.test("with one task set for all (TST 000b) a condition of one holds up the others", () => {
  using rig = new Rig({ tst: 0 });
  const [peer, other] = [rig.login(1), rig.login(2)];
  const data = patternBytes(512, 4);
  const write = openWrite(other, 7, data);
  fault(peer);
  assert.equal(statusOf(other), BUSY);
  assert.equal(statusOf(other, withNaca(testUnitReady())), ACA_ACTIVE);
  assert.equal(statusOf(peer, testUnitReady(), aca), 0);
  assert.deepEqual(write.finish(), []);
  assert.equal(exchangeManagement(peer, CLEAR_ACA), 0);
  assert.deepEqual(statuses(other.take()), [`${write.itt} 0`]);
  assert.equal(statusOf(other), 0);
});

Deno.test("with one task set for all the loss of the faulted nexus clears its condition", () => {
  using rig = new Rig({ tst: 0 });
  const [peer, other] = [rig.login(1), rig.login(2)];
  fault(peer);
  assert.equal(statusOf(other), BUSY);
  peer.connection.close();
  assert.equal(statusOf(other), 0);
});
