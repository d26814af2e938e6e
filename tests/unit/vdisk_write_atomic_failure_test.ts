/** WRITE ATOMIC where its journal or its medium fails: all or nothing, and nobody loses what he had. */
import assert from "node:assert/strict";
import { Errno } from "../../ffi/errno.ts";
import { IoOperation } from "../../lib/store/io_request.ts";
import {
  AtomicRig,
  begin,
  ending,
  errorsOf,
  STEPS,
  STEPS_BEFORE_RECORD,
} from "../harness/atomic_rig.ts";
import { exchange, exchangeGood, exchangeSense } from "../harness/exchange.ts";
import { type Peer, Rig } from "../harness/rig.ts";
import { assertSameBytes } from "../harness/same_bytes.ts";
import { SmallTmpfs } from "../harness/small_tmpfs.ts";
import { patternBytes } from "../initiator/bytes.ts";
import { read16, write16, writeAtomic16 } from "../initiator/cdb.ts";

const DATA = patternBytes(4096, 4);
const NO_JOURNAL = "04/44/00";

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
