/** SEND DIAGNOSTIC and RECEIVE DIAGNOSTIC RESULTS (SPC-5 6.27, 6.40). */
import assert from "node:assert/strict";
import { Errno } from "../../ffi/errno.ts";
import { IoOperation } from "../../lib/store/io_request.ts";
import { exchangeGood, exchangeManagement, exchangeSense } from "../harness/exchange.ts";
import { toHex } from "../harness/hex.ts";
import { Rig } from "../harness/rig.ts";
import {
  receiveDiagnosticResults,
  sendDiagnostic,
  startStopUnit,
  testUnitReady,
} from "../initiator/cdb.ts";

const PF = 0x10;
const SELFTEST = 0x04;
const OFFLINE = 0x03;
const FOREGROUND_SHORT = 5 << 5;
const FAILED = "04/3E/03";

Deno.test("sendDiagnostic() tests whether the store gives the ends and the middle of the disk", () => {
  using rig = new Rig();
  const peer = rig.login(1);
  for (const flags of [SELFTEST, SELFTEST | OFFLINE, SELFTEST | PF, FOREGROUND_SHORT]) {
    rig.store.hanging = true;
    assert.equal(peer.send(peer.command({ cdb: sendDiagnostic(flags) })).length, 0);
    const offsets: number[] = [];
    for (let test = 0; test < 3; test++) {
      offsets.push(...rig.store.held.map(({ offset }) => offset));
      rig.store.release();
    }
    assert.deepEqual(offsets, [0, 2 ** 19, 2 ** 20 - 512]);
    rig.store.hanging = false;
    const answers = peer.take();
    assert.deepEqual(answers.map((answer) => answer.u8(3)), [0]);
    rig.store.failures.set(IoOperation.READ, Errno.EIO);
    exchangeSense(peer, sendDiagnostic(flags), FAILED);
    rig.store.failures.clear();
    exchangeGood(peer, sendDiagnostic(flags));
  }
  rig.disk.failFlush(Errno.EIO);
  exchangeSense(peer, sendDiagnostic(SELFTEST), FAILED);
  exchangeGood(peer, testUnitReady());
});

Deno.test("sendDiagnostic() needs no medium, and can be aborted", () => {
  using rig = new Rig({ removable: true });
  const peer = rig.login(1);
  rig.store.hanging = true;
  assert.equal(peer.send(peer.command({ cdb: sendDiagnostic(SELFTEST) })).length, 0);
  assert.equal(exchangeManagement(peer, 2), 0); // ABORT TASK SET
  rig.store.hanging = false;
  rig.store.release();
  assert.equal(peer.take().length, 0);
  assert.equal(rig.node.memory.lent, 0);
  exchangeGood(peer, startStopUnit({ loadOrEject: true }));
  exchangeGood(peer, sendDiagnostic(SELFTEST));
});

Deno.test("sendDiagnostic() refuses the self-tests that it does not have, and lists beside them", () => {
  using rig = new Rig();
  const peer = rig.login(1);
  const cases: [cdb: Uint8Array, byte: number][] = [
    ...[1, 2, 3, 4, 6, 7].map((code): [Uint8Array, number] => [sendDiagnostic(code << 5), 1]),
    [sendDiagnostic(FOREGROUND_SHORT | SELFTEST), 1],
    [sendDiagnostic(FOREGROUND_SHORT | PF, 4), 3],
    [sendDiagnostic(SELFTEST | PF, 4), 3],
    [sendDiagnostic(0, 4), 3],
  ];
  for (const [cdb, byte] of cases) {
    const write = { write: new Uint8Array(4) };
    const { fieldPointer } = exchangeSense(peer, cdb, "05/24/00", write, toHex(cdb));
    assert.deepEqual(fieldPointer, { inCdb: true, byte, bit: 7 }, toHex(cdb));
  }
});

Deno.test("receiveDiagnosticResults() has page 00h, asked for or not", () => {
  using rig = new Rig();
  const peer = rig.login(1);
  exchangeGood(peer, sendDiagnostic(PF));
  exchangeGood(peer, sendDiagnostic(PF, 4), { write: new Uint8Array(4) });
  for (const page of [undefined, 0]) {
    const cdb = receiveDiagnosticResults(64, page);
    assert.equal(toHex(exchangeGood(peer, cdb, { read: 64 })), "00000001 00");
  }
  for (let page = 1; page < 256; page += 2) {
    const cdb = receiveDiagnosticResults(64, page);
    const { fieldPointer } = exchangeSense(peer, cdb, "05/24/00", { read: 64 });
    assert.deepEqual(fieldPointer, { inCdb: true, byte: 2, bit: 7 });
    const write = Uint8Array.of(page, 0, 0, 0);
    const sense = exchangeSense(peer, sendDiagnostic(PF, 4), "05/26/00", { write });
    assert.deepEqual(sense.fieldPointer, { inCdb: false, byte: 0, bit: 7 });
  }
  for (const length of [1, 2, 3]) {
    const write = new Uint8Array(length);
    exchangeSense(peer, sendDiagnostic(PF, length), "05/1A/00", { write });
    exchangeSense(peer, sendDiagnostic(PF, 4), "05/1A/00", { write });
  }
  exchangeSense(peer, sendDiagnostic(PF, 5), "05/26/00", { write: new Uint8Array(5) });
});
