/** WRITE ATOMIC (SBC-4 5.41): all or nothing, whatever fails and whoever gives it up. */
import assert from "node:assert/strict";
import { Errno } from "../../ffi/errno.ts";
import { IoOperation } from "../../lib/store/io_request.ts";
import { AtomicRig, begin, STEPS, STEPS_BEFORE_RECORD } from "../harness/atomic_rig.ts";
import { exchange, exchangeGood, exchangeManagement, exchangeSense } from "../harness/exchange.ts";
import { type Peer, Rig } from "../harness/rig.ts";
import { assertSameBytes } from "../harness/same_bytes.ts";
import { SmallTmpfs } from "../harness/small_tmpfs.ts";
import { patternBytes } from "../initiator/bytes.ts";
import { inquiry, read16, startStopUnit, write16, writeAtomic16 } from "../initiator/cdb.ts";
import { Field, FINAL, type Pdu } from "../initiator/pdu.ts";
import { READ, TaskFunction, taskManagement, WRITE } from "../initiator/requests.ts";
import { parseResponseSense, senseText } from "../initiator/sense.ts";

const MIB = 2 ** 20;
const DATA = patternBytes(4096, 4);
const NO_JOURNAL = "04/44/00";

/** How the only command that has ended did: GOOD, or its sense. */
function ending(answers: Pdu[]): string {
  assert.equal(answers.length, 1);
  const { data } = answers[0]!;
  return answers[0]!.u8(Field.status) === 0 ? "GOOD" : senseText(parseResponseSense(data));
}

function errorsOf(rig: Rig): string[] {
  return rig.log.filter((line) => line.startsWith("error"));
}

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

Deno.test("writeAtomic() without a journal fails and has touched nothing", () => {
  const cases: [number, number][] = [
    [IoOperation.REPLACE, Errno.ENOSPC],
    [IoOperation.REPLACE, Errno.EROFS],
    [IoOperation.WRITE_DURABLE, Errno.EIO],
    [IoOperation.WRITE_DURABLE, Errno.ENOSPC],
  ];
  for (const [operation, errno] of cases) {
    using atomic = new AtomicRig();
    const peer = atomic.rig.login(1);
    atomic.pool.failures.set(operation, errno);
    for (let turn = 0; turn < 2; turn++) {
      exchangeSense(peer, writeAtomic16(8, 8), NO_JOURNAL, { write: DATA });
      assertSameBytes(atomic.medium, atomic.content);
      assert.match(atomic.rig.log.at(-1)!, /^error Cannot write .*\/atomic\/[0-9a-f]{64}: /);
    }
    exchangeGood(peer, write16(9, 1), { write: DATA.subarray(0, 512) });
    using reopened = atomic.reopen();
    assert.deepEqual(reopened.log, [], "nothing to be finished");
    assertSameBytes(atomic.medium, atomic.changed(9, DATA.subarray(0, 512)));
    atomic.pool.failures.clear();
    exchangeGood(peer, writeAtomic16(8, 8), { write: DATA });
    assertSameBytes(atomic.medium, atomic.changed(8, DATA));
  }
});

Deno.test("writeAtomic() removes a record that it cannot clear", () => {
  using atomic = new AtomicRig();
  const peer = atomic.rig.login(1);
  atomic.hanging = true;
  begin(peer, 8, DATA);
  for (const _ of STEPS.slice(1)) atomic.step();
  atomic.hanging = false;
  atomic.pool.failures.set(IoOperation.WRITE_DURABLE, Errno.EIO);
  atomic.step();
  assert.equal(ending(peer.take()), "GOOD");
  assert.deepEqual([...Deno.readDirSync(atomic.journals)], []);
  assert.deepEqual(errorsOf(atomic.rig), []);
  atomic.pool.failures.clear();
  exchangeGood(peer, writeAtomic16(16, 8), { write: DATA });
  assert.deepEqual(atomic.pool.submitted.slice(-4), [
    IoOperation.REMOVE,
    IoOperation.REPLACE,
    IoOperation.WRITE_DURABLE,
    IoOperation.WRITE_DURABLE,
  ]);
});

Deno.test("writeAtomic() has writes refused when a record cannot be got rid of, so that none is lost", () => {
  for (const recorded of [false, true]) {
    using atomic = new AtomicRig();
    const peer = atomic.rig.login(1);
    atomic.hanging = true;
    begin(peer, 8, DATA);
    for (let step = 0; step < STEPS_BEFORE_RECORD - 1; step++) atomic.step();
    if (recorded) { for (let step = 0; step < 2; step++) atomic.step(); }
    atomic.hanging = false;
    for (const operation of [IoOperation.WRITE_DURABLE, IoOperation.REMOVE]) {
      atomic.pool.failures.set(operation, Errno.EIO);
    }
    atomic.step();
    assert.equal(ending(peer.take()), recorded ? "GOOD" : NO_JOURNAL);
    assert.match(
      atomic.rig.log.at(-1)!,
      /^error device 'rig' could not clear .*: input.* \(EIO\); writes are refused until/,
    );
    exchangeSense(peer, write16(9, 1), "04/3E/01", { write: new Uint8Array(512) });
    exchangeSense(peer, writeAtomic16(9, 1), "04/3E/01", { write: new Uint8Array(512) });
    const expected = recorded ? atomic.changed(8, DATA) : atomic.content;
    assert.deepEqual(exchangeGood(peer, read16(8, 8), { read: 4096 }), expected.slice(4096, 8192));
    using reopened = atomic.reopen();
    assertSameBytes(atomic.medium, expected);
    exchangeGood(reopened.login(1), write16(9, 1), { write: new Uint8Array(512) });
  }
});

/** Lets the write to the medium end in the middle with an error. */
function failHalfway(atomic: AtomicRig, peer: Peer, errno: number): void {
  atomic.hanging = true;
  begin(peer, 8, DATA);
  while (atomic.waiting[0] !== "store WRITE_DURABLE") atomic.step();
  Deno.writeFileSync(atomic.path, atomic.changed(8, DATA.subarray(0, 2048)));
  atomic.rig.store.failures.set(IoOperation.WRITE_DURABLE, errno);
  atomic.step();
  assert.deepEqual(atomic.waiting, ["store WRITE_DURABLE"], "the old blocks are put back");
  assert.deepEqual(peer.take(), [], "the status waits for that");
}

Deno.test("writeAtomic() puts the old blocks back when it cannot write all of the new ones", () => {
  for (const [errno, sense] of [[Errno.ENOSPC, "07/27/07"], [Errno.EIO, "03/0C/00"]] as const) {
    using atomic = new AtomicRig();
    const peer = atomic.rig.login(1);
    failHalfway(atomic, peer, errno);
    atomic.rig.store.failures.clear();
    atomic.hanging = false;
    atomic.finish();
    assert.equal(ending(peer.take()), sense);
    assertSameBytes(atomic.medium, atomic.content);
    using reopened = atomic.reopen();
    assert.deepEqual(reopened.log, []);
    assertSameBytes(atomic.medium, atomic.content);
    if (errno === Errno.ENOSPC) exchangeGood(peer, writeAtomic16(8, 8), { write: DATA });
    peer.connection.close();
    assert.equal(atomic.rig.node.memory.lent, 0);
  }
});

Deno.test("writeAtomic() lets blocks be that found no room and hold what they held", () => {
  using atomic = new AtomicRig();
  const peer = atomic.rig.login(1);
  failHalfway(atomic, peer, Errno.ENOSPC);
  Deno.writeFileSync(atomic.path, atomic.content); // as far as they were touched they were put back
  atomic.step();
  assert.deepEqual(atomic.waiting, ["store READ"]);
  atomic.finish();
  assert.equal(ending(peer.take()), "07/27/07");
  const line = "WRITE_DURABLE failed: no space left on device (ENOSPC): lba=8 blocks=8";
  assert.deepEqual(errorsOf(atomic.rig), [`error device 'rig': ${line}`]);
  using reopened = atomic.reopen();
  assert.deepEqual(reopened.log, []);
});

Deno.test("writeAtomic() has the new blocks written at the next start when it cannot put the old ones back", () => {
  for (const errno of [Errno.ENOSPC, Errno.EIO, Errno.EROFS]) {
    using atomic = new AtomicRig();
    const peer = atomic.rig.login(1);
    failHalfway(atomic, peer, errno);
    atomic.finish();
    assert.equal(peer.take().length, 1);
    assert.match(atomic.rig.log.at(-1)!, /writes are refused until it is opened again$/);
    assert.equal(exchange(peer, write16(0, 1), { write: new Uint8Array(512) }).status, 2);
    using reopened = atomic.reopen();
    assert.equal(reopened.log.length, 1);
    assertSameBytes(atomic.medium, atomic.changed(8, DATA));
  }
});

/** Ways in which an initiator gives its command up. */
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

Deno.test("writeAtomic() writes nothing more when the disk has failed while it waited for the record", () => {
  using atomic = new AtomicRig();
  const [peer, other] = [atomic.rig.login(1), atomic.rig.login(2)];
  atomic.pool.hanging = true;
  begin(peer, 8, DATA);
  begin(other, 32, DATA);
  atomic.rig.disk.failFlush(Errno.EIO);
  atomic.finish();
  assert.equal(ending(peer.take()), "GOOD");
  assert.equal(ending(other.take()), "04/3E/01");
  assertSameBytes(atomic.medium, atomic.changed(8, DATA));
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

Deno.test("finish() leaves a record that has to be there", () => {
  using atomic = new AtomicRig();
  const peer = atomic.rig.login(1);
  failHalfway(atomic, peer, Errno.EIO);
  atomic.finish();
  atomic.hanging = false;
  atomic.rig.disk.finish((result) => assert.equal(result, -Errno.EIO));
  using reopened = atomic.reopen();
  assert.equal(reopened.log.length, 1);
  assertSameBytes(atomic.medium, atomic.changed(8, DATA));
});

const probe = SmallTmpfs.mount(65536);
const why = typeof probe === "string" ? ` (${probe})` : "";
if (typeof probe !== "string") probe[Symbol.dispose]();

Deno.test({
  name: `writeAtomic() fails where the state directory has no room for the journal${why}`,
  ignore: why !== "",
  fn: () => {
    const mounted = SmallTmpfs.mount(512 * 1024);
    assert(typeof mounted !== "string");
    using small = mounted;
    {
      using rig = new Rig({ stateDir: small.path });
      const peer = rig.login(1);
      exchangeSense(peer, writeAtomic16(8, 8), NO_JOURNAL, { write: DATA });
      assert(Deno.readFileSync(rig.path).every((byte) => byte === 0));
      assert.match(rig.log.at(-1)!, /^error Cannot write .*: no space left on device \(ENOSPC\)$/);
    }
    assert.deepEqual([...Deno.readDirSync(`${small.path}/atomic`)], []);
  },
});
