/** WRITE ATOMIC (SBC-4 5.41): all or nothing, alone with its blocks, whoever gives it up. */
import assert from "node:assert/strict";
import { AtomicRig, begin, ending, STEPS } from "../harness/atomic_rig.ts";
import { exchange, exchangeGood, exchangeManagement, exchangeSense } from "../harness/exchange.ts";
import { type Peer, Rig } from "../harness/rig.ts";
import { assertSameBytes } from "../harness/same_bytes.ts";
import { patternBytes } from "../initiator/bytes.ts";
import { inquiry, read16, startStopUnit, write16, writeAtomic16 } from "../initiator/cdb.ts";
import { Field, FINAL, type Pdu } from "../initiator/pdu.ts";
import { READ, TaskFunction, taskManagement, WRITE } from "../initiator/requests.ts";

const MIB = 2 ** 20;
const DATA = patternBytes(4096, 4);
for (const blocksize of [512, 4096, 65536]) {
  Deno.test(`writeAtomic() writes 1 MiB at most in blocks of ${blocksize} bytes, as VPD B0h says`, () => {
    using rig = new Rig({ size: 4 * MIB, blocksize });
    const peer = rig.login(1);
    const page = new DataView(exchangeGood(peer, inquiry(64, 0xb0), { read: 64 }).buffer);
    const most = page.getUint32(44);
    assert.equal(most * blocksize, MIB);
    assert(most <= page.getUint32(8));
    // Alignment, granularity, and both limits with boundaries.
    assert.deepEqual([48, 52, 56, 60].map((at) => page.getUint32(at)), [0, 0, 0, 0]);
    const model = new Uint8Array(4 * MIB);
    for (const [seed, [lba, blocks]] of [[0, 1], [5, 3], [7, most]].entries()) {
      const write = patternBytes(blocks! * blocksize, seed);
      exchangeGood(peer, writeAtomic16(lba!, blocks!, seed % 2 * 0x08), { write });
      model.set(write, lba! * blocksize);
      assertSameBytes(Deno.readFileSync(rig.path), model, `${blocks} blocks at ${lba}`);
    }
    exchangeGood(peer, writeAtomic16(0, 0));
    const write = new Uint8Array((most + 1) * blocksize);
    const sense = exchangeSense(peer, writeAtomic16(0, most + 1), "05/24/00", { write });
    assert.deepEqual(sense.fieldPointer, { inCdb: true, byte: 12, bit: 7 });
    peer.connection.close();
    assert.equal(rig.node.memory.lent, 0);
  });
}

Deno.test("writeAtomic() does not begin what the initiator has too little data for", () => {
  using rig = new Rig();
  const peer = rig.login(1);
  for (const length of [0, 512, 1535]) {
    const transfer = length === 0 ? {} : { write: new Uint8Array(length).fill(1) };
    const sense = exchangeSense(peer, writeAtomic16(0, 3), "05/24/00", transfer);
    assert.deepEqual(sense.fieldPointer, { inCdb: true, byte: 12, bit: 7 });
  }
  assert(Deno.readFileSync(rig.path).every((byte) => byte === 0));
});

Deno.test("writeAtomic() takes one step after the other, and ends after the last", () => {
  using atomic = new AtomicRig();
  const peer = atomic.rig.login(1);
  atomic.hanging = true;
  for (const steps of [STEPS, STEPS.filter((step) => step !== "journal REPLACE")]) {
    begin(peer, 8, DATA);
    for (const step of steps) {
      assert.deepEqual(peer.take(), [], `before ${step}`);
      assert.deepEqual(atomic.waiting, [step]);
      atomic.step();
    }
    assert.equal(ending(peer.take()), "GOOD");
    assertSameBytes(atomic.medium, atomic.changed(8, DATA));
  }
});

Deno.test("writeAtomic() has its blocks alone until the record is gone, and others go on", () => {
  for (let steps = 0; steps < STEPS.length; steps++) {
    using atomic = new AtomicRig();
    const [peer, other] = [atomic.rig.login(1), atomic.rig.login(2)];
    atomic.hanging = true;
    begin(peer, 8, DATA);
    for (let step = 0; step < steps; step++) atomic.step();
    const newer = patternBytes(512, 9);
    const write = { cdb: write16(9, 1), flags: FINAL | WRITE | 1, expectedLength: 512 };
    assert.deepEqual(other.send(other.command({ ...write, data: newer })), []);
    const read = { cdb: read16(8, 2), flags: FINAL | READ | 1, expectedLength: 1024 };
    assert.deepEqual(other.send(other.command(read)), []);
    assert.equal(atomic.waiting.length, 1, "neither has come to the store");
    atomic.rig.store.hanging = false;
    assert.equal(exchange(other, write16(0, 8), { write: DATA }).status, 0, "other blocks");
    atomic.hanging = false;
    atomic.finish();
    const [written, answer] = other.take();
    assert.equal(written!.u8(Field.status), 0);
    assert.deepEqual(answer!.data, new Uint8Array([...DATA.subarray(0, 512), ...newer]));
    const expected = atomic.changed(8, DATA);
    expected.set(DATA, 0);
    expected.set(newer, 9 * 512);
    assertSameBytes(atomic.medium, expected);
  }
});

Deno.test("writeAtomic() shares a record with those that came meanwhile, as far as they fit", () => {
  const counts = (size: number, commands: number, written: number) => {
    using atomic = new AtomicRig({ size: 128 * size });
    const peer = atomic.rig.login(1);
    exchangeGood(peer, writeAtomic16(0, size / 512), { write: new Uint8Array(size) });
    atomic.pool.hanging = true;
    atomic.pool.submitted.length = 0;
    const model = atomic.medium.slice();
    const writers = Array.from({ length: commands }, (_, at) => atomic.rig.login(2 + at));
    for (const [at, writer] of writers.entries()) {
      const data = patternBytes(size, 10 + at);
      begin(writer, (2 * at + 1) * size / 512, data);
      model.set(data, (2 * at + 1) * size);
    }
    atomic.finish();
    for (const writer of writers) assert.equal(ending(writer.take()), "GOOD");
    assert.equal(atomic.pool.submitted.length, 2 * written, "one to record, one to clear");
    assertSameBytes(atomic.medium, model);
  };
  counts(512, 2, 2); // the first one has begun when the second one comes
  counts(512, 60, 2);
  counts(64 * 1024, 17, 2);
  counts(64 * 1024, 18, 3);
});

const ABORTS: Record<string, (peer: Peer, command: Pdu) => void> = {
  "ABORT TASK": (peer, { itt }) => {
    const request = taskManagement({
      function: TaskFunction.AbortTask,
      referencedTag: itt,
      itt: peer.tag(),
      cmdSn: peer.cmdSn++,
      expStatSn: 0,
    });
    assert.equal(peer.send(request)[0]!.u8(Field.response), 0);
  },
  "LOGICAL UNIT RESET": (peer) => {
    assert.equal(exchangeManagement(peer, TaskFunction.LogicalUnitReset), 0);
  },
  "the end of the session": (peer) => peer.connection.close(),
};

for (const [name, abort] of Object.entries(ABORTS)) {
  Deno.test(`writeAtomic() leaves all or nothing after ${name} at any step`, () => {
    for (let steps = 0; steps < STEPS.length; steps++) {
      using atomic = new AtomicRig();
      const [peer, other] = [atomic.rig.login(1), atomic.rig.login(2)];
      exchange(other, read16(0, 1), { read: 512 });
      atomic.hanging = true;
      const command = begin(peer, 8, DATA);
      const second = begin(peer, 32, DATA); // it waits for the record of the first
      for (let step = 0; step < steps; step++) atomic.step();
      abort(peer, second);
      if (name === "ABORT TASK") abort(peer, command);
      atomic.hanging = false;
      atomic.finish();
      assert.deepEqual(peer.take(), []);
      // Aborted before the record was begun, it is as if it had not been sent.
      const expected = steps === 0 ? atomic.content : atomic.changed(8, DATA);
      assertSameBytes(atomic.medium, expected, `after ${steps} steps`);
      exchange(other, read16(0, 1), { read: 512 }); // the unit attention of the reset
      exchangeGood(other, write16(9, 1), { write: new Uint8Array(512) });
      exchangeGood(other, writeAtomic16(32, 1), { write: new Uint8Array(512) });
      expected.fill(0, 9 * 512, 10 * 512).fill(0, 32 * 512, 33 * 512);
      using reopened = atomic.reopen();
      assert.deepEqual(reopened.log, []);
      assertSameBytes(atomic.medium, expected);
      for (const each of [peer, other]) each.connection.close();
      assert.equal(atomic.rig.node.memory.lent, 0);
    }
  });
}

Deno.test("writeAtomic() ends as usual when the medium is ejected meanwhile", () => {
  for (let steps = 0; steps < STEPS.length; steps++) {
    using atomic = new AtomicRig({ removable: true });
    const [peer, other] = [atomic.rig.login(1), atomic.rig.login(2)];
    atomic.hanging = true;
    begin(peer, 8, DATA);
    for (let step = 0; step < steps; step++) atomic.step();
    other.send(other.command({ cdb: startStopUnit({ loadOrEject: true }) })); // its flush hangs as well
    atomic.finish();
    assert.equal(ending(peer.take()), "GOOD");
    assert.equal(ending(other.take()), "GOOD");
    assertSameBytes(atomic.medium, atomic.changed(8, DATA));
    atomic.hanging = false;
    exchangeSense(peer, writeAtomic16(8, 8), "02/3A/00", { write: DATA });
  }
});

Deno.test("writeAtomic() needs no flush of a store that keeps its cache, but one of the journal", () => {
  using atomic = new AtomicRig({ nvCache: true });
  const peer = atomic.rig.login(1);
  atomic.hanging = true;
  begin(peer, 8, DATA);
  const steps: string[] = [];
  for (; atomic.waiting.length > 0; atomic.step()) steps.push(...atomic.waiting);
  assert.deepEqual(steps, STEPS.map((step) => step.replace("store WRITE_DURABLE", "store WRITE")));
  assert.equal(ending(peer.take()), "GOOD");
});

Deno.test("writeAtomic() keeps no journal for a null disk, and none is touched on a protected one", () => {
  using none = new Rig({ null: true });
  exchangeGood(none.login(1), writeAtomic16(0, 8), { write: DATA });
  using atomic = new AtomicRig({ null: true });
  exchangeGood(atomic.rig.login(1), writeAtomic16(0, 8), { write: DATA });
  assert.deepEqual(atomic.pool.submitted, []);
  using protects = new AtomicRig({ readOnly: true });
  exchangeSense(protects.rig.login(1), writeAtomic16(0, 8), "07/27/00", { write: DATA });
  assert.deepEqual(protects.pool.submitted, []);
});

Deno.test("finish() waits for the WRITE ATOMICs that are under way, and then flushes", () => {
  using atomic = new AtomicRig();
  const peer = atomic.rig.login(1);
  atomic.hanging = true;
  begin(peer, 8, DATA);
  atomic.step();
  begin(peer, 32, DATA);
  peer.connection.close();
  const done: string[] = [];
  atomic.rig.disk.finish((result) => done.push(`result ${result}`));
  while (atomic.waiting[0] !== "store SYNC") {
    assert.deepEqual(done, []);
    atomic.step();
  }
  atomic.step();
  assert.deepEqual(done, ["result 0"]);
  assertSameBytes(atomic.medium, atomic.changed(8, DATA));
  assert.deepEqual([...Deno.readDirSync(atomic.journals)], [], "no journal stays");
  using reopened = atomic.reopen();
  assert.deepEqual(reopened.log, []);
});
