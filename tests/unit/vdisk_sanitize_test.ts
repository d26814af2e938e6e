/** SANITIZE (SBC-4 4.11, 5.29): what becomes of the medium, and who may do what meanwhile. */
import assert from "node:assert/strict";
import { Errno } from "../../ffi/errno.ts";
import { PORTABLE } from "../../ffi/platform.ts";
import { IoOperation } from "../../lib/store/io_request.ts";
import { exchange, exchangeGood, exchangeSense } from "../harness/exchange.ts";
import { type Peer, Rig } from "../harness/rig.ts";
import { assertSameBytes } from "../harness/same_bytes.ts";
import {
  AUSE,
  blockErase,
  exitFailureMode,
  IMMED,
  overwrite,
  overwriteList,
} from "../harness/sanitize_cdbs.ts";
import { patternBytes } from "../initiator/bytes.ts";
import {
  inquiry,
  read16,
  reportLuns,
  requestSense,
  testUnitReady,
  write16,
} from "../initiator/cdb.ts";
import { FINAL } from "../initiator/pdu.ts";
import { taskManagement, WRITE } from "../initiator/requests.ts";
import { parseSense, senseText } from "../initiator/sense.ts";

const MIB = 2 ** 20;
const INVERT = 0x80;
const SIZE = 40 * MIB; // three pieces
const IN_PROGRESS = "02/04/1B";
const FAILED = "03/31/03";

/** `pattern` in every block, cut off at the end of each, and inverted if so. */
function filled(size: number, blocksize: number, pattern: Uint8Array, inverted = false) {
  const block = new Uint8Array(blocksize).map((_, at) => pattern[at % pattern.length]!);
  const content = new Uint8Array(size);
  const mask = inverted ? 0xff : 0;
  for (let at = 0; at < blocksize; at++) block[at]! ^= mask;
  for (let at = 0; at < size; at += blocksize) content.set(block, at);
  return content;
}

/** Sense and progress as REQUEST SENSE has them. */
function polled(peer: Peer): { sense: string; progress: number } {
  const data = exchangeGood(peer, requestSense(252), { read: 252 });
  assert.equal(data[15]! & 0xf0, 0x80, "SKSV");
  return { sense: senseText(parseSense(data)), progress: data[16]! << 8 | data[17]! };
}

/** Begins to overwrite over a store that hangs. */
function beginHanging(rig: Rig, peer: Peer, count = 1, flags = 0): Uint8Array {
  rig.store.hanging = true;
  const data = overwriteList(count, patternBytes(512, 7));
  const cdb = overwrite(data.length, flags);
  const command = peer.command({
    cdb,
    flags: FINAL | WRITE | 1,
    expectedLength: data.length,
    data,
  });
  assert.equal(peer.send(command).length, flags & IMMED ? 1 : 0);
  return data.subarray(4);
}

function finish(rig: Rig): void {
  while (rig.store.held.length > 0) rig.store.release();
  rig.store.hanging = false;
}

for (const blocksize of [512, 4096]) {
  Deno.test(`sanitize() overwrites all blocks of ${blocksize} bytes, as often as it is asked to`, () => {
    using rig = new Rig({ size: 2 * MIB, blocksize });
    const peer = rig.login(1);
    const cases: [number, number, boolean][] = [
      [1, blocksize, false],
      [2, 7, false],
      [INVERT | 1, 1, false],
      [INVERT | 2, blocksize - 1, true],
      [INVERT | 3, 4, false],
    ];
    for (const [count, length, inverted] of cases) {
      const pattern = patternBytes(length, count);
      const write = overwriteList(count, pattern);
      for (const flags of [0, IMMED, AUSE]) {
        Deno.writeFileSync(rig.path, patternBytes(2 * MIB, flags));
        exchangeGood(peer, overwrite(write.length, flags), { write });
        const expected = filled(2 * MIB, blocksize, pattern, inverted);
        assertSameBytes(Deno.readFileSync(rig.path), expected, `${count} times ${length} bytes`);
      }
    }
    peer.connection.close();
    assert.equal(rig.node.memory.lent, 0);
  });
}

Deno.test("sanitize() erases the blocks of a thin disk, and a thick one cannot", () => {
  using rig = new Rig({ size: SIZE });
  Deno.writeFileSync(rig.path, patternBytes(SIZE, 1));
  exchangeGood(rig.login(1), blockErase());
  const { size, blocks } = Deno.statSync(rig.path);
  assert.equal(size, SIZE);
  if (!PORTABLE) assert.equal(blocks, 0);
  assert(Deno.readFileSync(rig.path).every((byte) => byte === 0));

  using thick = new Rig({ thinProvisioned: false });
  const { fieldPointer } = exchangeSense(thick.login(1), blockErase(), "05/24/00");
  assert.deepEqual(fieldPointer, { inCdb: true, byte: 1, bit: 4 });
});

Deno.test("sanitize() has a null disk of any size sanitized at once", () => {
  using rig = new Rig({ null: true, size: 2 ** 50 });
  const peer = rig.login(1);
  const write = overwriteList(31, new Uint8Array(512));
  exchangeGood(peer, overwrite(write.length), { write });
  exchangeGood(peer, blockErase());
  exchangeGood(peer, testUnitReady());
});

Deno.test("sanitize() points at what is wrong with its parameters, and does nothing then", () => {
  using rig = new Rig();
  const content = patternBytes(MIB, 1);
  Deno.writeFileSync(rig.path, content);
  const peer = rig.login(1);
  const whole = overwriteList(1, new Uint8Array(512));
  const wrongLength = [
    [overwrite(0), 0],
    [overwrite(4), 4],
    [overwrite(517), 517],
    [blockErase(0, 8), 8],
    [exitFailureMode(8), 8],
  ] as const;
  for (const [cdb, length] of wrongLength) {
    const transfer = length === 0 ? {} : { write: new Uint8Array(length) };
    const { fieldPointer } = exchangeSense(peer, cdb, "05/24/00", transfer);
    assert.deepEqual(fieldPointer, { inCdb: true, byte: 7, bit: 7 });
  }
  const lists: [Uint8Array, number, number][] = [
    [Uint8Array.of(0, 0, 0, 4, 1, 2, 3, 4), 0, 4],
    [Uint8Array.of(0x21, 0, 0, 4, 1, 2, 3, 4), 0, 6],
    [Uint8Array.of(0x41, 0, 0, 4, 1, 2, 3, 4), 0, 6],
    [Uint8Array.of(1, 1, 0, 4, 1, 2, 3, 4), 1, 7],
    [Uint8Array.of(1, 0, 0, 0, 1, 2, 3, 4), 2, 7],
    [Uint8Array.of(1, 0, 2, 1, 1, 2, 3, 4), 2, 7],
  ];
  for (const [write, byte, bit] of lists) {
    const { fieldPointer } = exchangeSense(peer, overwrite(8), "05/26/00", { write });
    assert.deepEqual(fieldPointer, { inCdb: false, byte, bit });
  }
  for (const write of [whole.subarray(0, 3), whole.subarray(0, 515)]) {
    exchangeSense(peer, overwrite(516), "05/1A/00", { write });
  }
  exchangeSense(peer, overwrite(516), "05/1A/00");
  exchangeSense(peer, overwrite(10), "05/1A/00", { write: whole.subarray(0, 10) });
  assert.deepEqual(Deno.readFileSync(rig.path), content);
});

Deno.test("sanitize() keeps everybody from the medium and tells how far it is", () => {
  for (const flags of [0, IMMED]) {
    using rig = new Rig({ size: SIZE });
    const [owner, other] = [rig.login(1), rig.login(2)];
    beginHanging(rig, owner, 2, flags);
    const seen: number[] = [];
    while (rig.store.held.length > 0) {
      for (const peer of [owner, other]) {
        exchangeSense(peer, testUnitReady(), IN_PROGRESS);
        exchangeSense(peer, read16(0, 1), IN_PROGRESS, { read: 512 });
        exchangeSense(peer, write16(0, 1), IN_PROGRESS, { write: new Uint8Array(512) });
        exchangeSense(peer, blockErase(), IN_PROGRESS);
        exchangeGood(peer, inquiry(96), { read: 96 });
        exchangeGood(peer, reportLuns(64), { read: 64 });
      }
      const { sense, progress } = polled(other);
      assert.equal(sense, IN_PROGRESS);
      seen.push(progress);
      rig.store.release(1);
    }
    const at = (mebibytes: number) => Math.floor(mebibytes / 80 * 65536);
    assert.deepEqual(seen, [0, at(16), at(32), at(40), at(40), at(56), at(72), 65535]);
    assert.equal(owner.take().length, flags & IMMED ? 0 : 1);
    exchangeGood(other, testUnitReady());
  }
});

Deno.test("sanitize() goes on when its command is aborted or its session ends", () => {
  for (const ends of [false, true]) {
    using rig = new Rig({ size: SIZE });
    const [owner, other] = [rig.login(1), rig.login(2)];
    const pattern = beginHanging(rig, owner);
    if (ends) owner.connection.close();
    else {
      const reset = taskManagement({
        function: 5, // LOGICAL UNIT RESET
        itt: owner.tag(),
        cmdSn: owner.cmdSn,
        expStatSn: 0,
      });
      assert.equal(owner.send(reset).length, 1);
      exchangeSense(other, testUnitReady(), "06/29/03");
    }
    exchangeSense(other, testUnitReady(), IN_PROGRESS);
    finish(rig);
    assert.deepEqual(owner.take(), []);
    exchangeGood(other, testUnitReady());
    assertSameBytes(Deno.readFileSync(rig.path), filled(SIZE, 512, pattern), "content");
  }
});

Deno.test("sanitize() waits for what is under way, and lets nothing in that was not", () => {
  using rig = new Rig({ size: SIZE });
  const [writer, late, owner] = [rig.login(1), rig.login(2), rig.login(3)];
  rig.store.hanging = true;
  const data = new Uint8Array(512).fill(0x55);
  const plain = { cdb: write16(9, 1), flags: FINAL | WRITE | 1, expectedLength: 512 };
  writer.send(writer.command({ ...plain, data }));
  const [r2t] = late.send(late.command(plain)); // its data comes later
  assert(r2t !== undefined);
  beginHanging(rig, owner);
  assert.deepEqual(rig.store.held.map(({ operation }) => operation), [IoOperation.WRITE]);
  rig.store.release(1);
  assert.equal(writer.take().length, 1);
  assert.deepEqual(rig.store.held.map(({ operation }) => operation), [IoOperation.FILL]);
  exchangeSense(late, testUnitReady(), IN_PROGRESS);
  finish(rig);
  const content = filled(SIZE, 512, patternBytes(512, 7));
  assertSameBytes(Deno.readFileSync(rig.path), content, "content");
});

Deno.test("sanitize() that failed leaves nothing but another try, and EXIT FAILURE MODE if AUSE was set", () => {
  for (const flags of [0, AUSE]) {
    using rig = new Rig({ size: SIZE });
    const peer = rig.login(1);
    const write = overwriteList(1, new Uint8Array(4).fill(0x5a));
    rig.store.failures.set(IoOperation.FILL, Errno.EIO);
    exchangeSense(peer, overwrite(8, flags), FAILED, { write });
    assert.match(rig.log.at(-1)!, /^error device 'rig' failed to sanitize its medium: .*EIO/);
    exchangeSense(peer, testUnitReady(), FAILED);
    exchangeSense(peer, read16(0, 1), FAILED, { read: 512 });
    exchangeGood(peer, inquiry(96), { read: 96 });
    rig.store.failures.clear();
    if (flags === AUSE) {
      exchangeGood(peer, exitFailureMode());
    } else {
      const again = exchangeSense(peer, overwrite(8, AUSE), "05/24/00", { write });
      assert.deepEqual(again.fieldPointer, { inCdb: true, byte: 1, bit: 5 });
      const exit = exchangeSense(peer, exitFailureMode(), "05/24/00");
      assert.deepEqual(exit.fieldPointer, { inCdb: true, byte: 1, bit: 4 });
      exchangeGood(peer, overwrite(8), { write });
    }
    exchangeGood(peer, testUnitReady());
    exchangeGood(peer, exitFailureMode());
  }
});

Deno.test("sanitize() goes on, and stays failed, when the disk is opened again", () => {
  const stateDir = Deno.makeTempDirSync({ dir: "/dev/shm" });
  const options = { size: SIZE, stateDir };
  try {
    let pattern: Uint8Array;
    {
      using killed = new Rig(options);
      pattern = beginHanging(killed, killed.login(1), 1, IMMED);
    }
    {
      using resumed = new Rig(options);
      assertSameBytes(Deno.readFileSync(resumed.path), filled(SIZE, 512, pattern), "content");
      const peer = resumed.login(1);
      resumed.store.failures.set(IoOperation.PUNCH, Errno.EIO);
      exchangeSense(peer, blockErase(AUSE), FAILED);
    }
    {
      using failed = new Rig(options);
      const peer = failed.login(1);
      exchangeSense(peer, testUnitReady(), FAILED);
      exchangeGood(peer, exitFailureMode());
    }
    using well = new Rig(options);
    assert.equal(exchange(well.login(1), testUnitReady()).status, 0);
    assert(Deno.readFileSync(well.path).every((byte) => byte === 0));
  } finally {
    Deno.removeSync(stateDir, { recursive: true });
  }
});

Deno.test("sanitize() does not go on with another medium that has come in the place of the first", () => {
  const stateDir = Deno.makeTempDirSync({ dir: "/dev/shm" });
  try {
    {
      using killed = new Rig({ size: SIZE, stateDir });
      beginHanging(killed, killed.login(1), 1, IMMED);
    }
    using other = new Rig({ size: SIZE + MIB, stateDir });
    exchangeGood(other.login(1), testUnitReady());
    assert.match(other.log[0]!, /^error device 'rig' does not go on with the SANITIZE/);
    assert(Deno.readFileSync(other.path).every((byte) => byte === 0));
  } finally {
    Deno.removeSync(stateDir, { recursive: true });
  }
});
