/** FORMAT UNIT (SBC-4 5.4): its parameter list, its progress, and that no block changes. */
import assert from "node:assert/strict";
import { Errno } from "../../ffi/errno.ts";
import { IoOperation } from "../../lib/store/io_request.ts";
import { exchangeGood, exchangeSense } from "../harness/exchange.ts";
import { Rig } from "../harness/rig.ts";
import { formatUnit } from "../harness/sanitize_cdbs.ts";
import { patternBytes } from "../initiator/bytes.ts";
import { read16, requestSense, testUnitReady } from "../initiator/cdb.ts";
import { FINAL } from "../initiator/pdu.ts";
import { WRITE } from "../initiator/requests.ts";
import { parseSense, senseText } from "../initiator/sense.ts";

const LONGLIST = 0x20;
const FMTDATA = 0x10;
const CMPLST = 0x08;
const FOV = 0x80;
const IMMED = 0x02;
const IN_PROGRESS = "02/04/04";

Deno.test("formatUnit() takes an empty list of defects in any format, and changes nothing", () => {
  using rig = new Rig();
  const content = patternBytes(2 ** 20, 1);
  Deno.writeFileSync(rig.path, content);
  const peer = rig.login(1);
  exchangeGood(peer, formatUnit());
  for (const flags of [0, IMMED, FOV, FOV | IMMED, FOV | 0x70]) {
    for (const format of [0, 4, 5, 6, CMPLST]) {
      const [short, long] = [Uint8Array.of(0, flags, 0, 0), new Uint8Array(8).fill(flags, 1, 2)];
      exchangeGood(peer, formatUnit(FMTDATA | format), { write: short });
      exchangeGood(peer, formatUnit(FMTDATA | LONGLIST | format), { write: long });
    }
  }
  assert.deepEqual(Deno.readFileSync(rig.path), content);
});

Deno.test("formatUnit() points at what is wrong with its parameters", () => {
  using rig = new Rig();
  const peer = rig.login(1);
  const { fieldPointer } = exchangeSense(peer, formatUnit(LONGLIST), "05/24/00");
  assert.deepEqual(fieldPointer, { inCdb: true, byte: 1, bit: 5 });
  const short: [number[], number, number][] = [
    [[1, 0, 0, 0], 0, 2],
    [[0, 0x40, 0, 0], 1, 6],
    [[0, 0x20, 0, 0], 1, 5],
    [[0, 0x10, 0, 0], 1, 4],
    [[0, 0x08, 0, 0], 1, 3],
    [[0, FOV | 0x08, 0, 0], 1, 3],
    [[0, 0x04, 0, 0], 1, 2],
    [[0, 0x01, 0, 0], 1, 0],
    [[0, 0, 0, 8], 2, 7],
    [[0, 0, 1, 0], 2, 7],
  ];
  const long: [number[], number, number][] = [
    [[0, 0, 1, 0, 0, 0, 0, 0], 2, 7],
    [[0, 0, 0, 0x10, 0, 0, 0, 0], 3, 7],
    [[0, 0, 0, 0, 0, 0, 0, 8], 4, 7],
    [[0, 0, 0, 0, 1, 0, 0, 0], 4, 7],
  ];
  for (const [flags, lists] of [[FMTDATA, short], [FMTDATA | LONGLIST, long]] as const) {
    for (const [list, byte, bit] of lists) {
      const write = Uint8Array.from(list);
      const sense = exchangeSense(peer, formatUnit(flags), "05/26/00", { write }, String(list));
      assert.deepEqual(sense.fieldPointer, { inCdb: false, byte, bit });
      exchangeSense(peer, formatUnit(flags), "05/1A/00", { write: write.subarray(1) });
    }
    exchangeSense(peer, formatUnit(flags), "05/1A/00");
  }
});

Deno.test("formatUnit() lasts until all is on stable storage, and keeps others away so long", () => {
  for (const flags of [0, IMMED]) {
    using rig = new Rig();
    const [owner, other] = [rig.login(1), rig.login(2)];
    rig.store.hanging = true;
    const data = Uint8Array.of(0, flags, 0, 0);
    const command = { cdb: formatUnit(FMTDATA), flags: FINAL | WRITE | 1, expectedLength: 4, data };
    assert.equal(owner.send(owner.command(command)).length, flags === IMMED ? 1 : 0);
    assert.deepEqual(rig.store.held.map(({ operation }) => operation), [IoOperation.SYNC]);
    exchangeSense(other, testUnitReady(), IN_PROGRESS);
    exchangeSense(other, read16(0, 1), IN_PROGRESS, { read: 512 });
    const polled = exchangeGood(other, requestSense(252), { read: 252 });
    assert.equal(senseText(parseSense(polled)), IN_PROGRESS);
    assert.deepEqual([...polled.subarray(15, 18)], [0x80, 0, 0]);
    rig.store.hanging = false;
    rig.store.release();
    assert.equal(owner.take().length, flags === IMMED ? 0 : 1);
    exchangeGood(other, testUnitReady());
  }
});

Deno.test("formatUnit() has the sense of a flush that failed", () => {
  using rig = new Rig();
  const peer = rig.login(1);
  rig.store.failures.set(IoOperation.SYNC, Errno.EIO);
  exchangeSense(peer, formatUnit(), "03/31/01");
  exchangeSense(peer, formatUnit(), "04/3E/01");
});
