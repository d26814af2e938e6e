/** What becomes of a WRITE ATOMIC that was interrupted when its disk is opened again (SBC-4 4.29). */
import assert from "node:assert/strict";
import { Errno } from "../../ffi/errno.ts";
import { leftoverRecords } from "../../lib/store/atomic_leftovers.ts";
import { IoOperation } from "../../lib/store/io_request.ts";
import { StoreError } from "../../lib/store/store.ts";
import {
  AtomicRig,
  begin,
  killedAfter,
  STEPS,
  STEPS_BEFORE_RECORD,
  torn,
  TORN_DATA,
} from "../harness/atomic_rig.ts";
import { exchangeGood } from "../harness/exchange.ts";
import { FaultyPool } from "../harness/faulty_pool.ts";
import type { Rig } from "../harness/rig.ts";
import { assertSameBytes } from "../harness/same_bytes.ts";
import { blockErase, IMMED } from "../harness/sanitize_cdbs.ts";
import { patternBytes } from "../initiator/bytes.ts";
import { write16, writeAtomic16 } from "../initiator/cdb.ts";

const FINISHES = "error device 'rig' finishes what was interrupted: 1 WRITE ATOMIC";

/** The sentence with which a disk is not opened. */
function refusal(open: () => Rig): string {
  try {
    open()[Symbol.dispose]();
  } catch (error) {
    assert(error instanceof StoreError, String(error));
    return error.message;
  }
  return "it was opened";
}

Deno.test("recover() finishes what was recorded, and nothing that was not, after a kill at any step", () => {
  for (let steps = 0; steps <= STEPS.length; steps++) {
    using atomic = killedAfter(steps);
    const isRecorded = steps >= STEPS_BEFORE_RECORD;
    using reopened = atomic.reopen();
    const isThere = isRecorded && steps < STEPS.length;
    assert.deepEqual(reopened.log, isThere ? [FINISHES] : [], `${steps} steps`);
    const expected = isRecorded ? atomic.changed(8, TORN_DATA) : atomic.content;
    assertSameBytes(atomic.medium, expected, `${steps} steps`);
    assert.equal(reopened.node.memory.lent, 0);
    using again = atomic.reopen();
    assert.deepEqual(again.log, [], "it is finished once");
  }
});

Deno.test("recover() makes a whole of half a write, of all commands that shared the record", () => {
  using atomic = new AtomicRig();
  const writers = Array.from({ length: 6 }, (_, at) => atomic.rig.login(1 + at));
  exchangeGood(writers[0]!, writeAtomic16(0, 1), { write: atomic.content.subarray(0, 512) });
  atomic.pool.hanging = true;
  const expected = atomic.content.slice();
  for (const [at, writer] of writers.entries()) {
    const data = patternBytes(1024, 20 + at);
    begin(writer, 10 * at, data);
    expected.set(data, 10 * at * 512);
  }
  atomic.step(); // the record of the first
  atomic.step(); // is cleared
  atomic.rig.store.hanging = true;
  atomic.step(); // the record of the others
  assert.equal(atomic.waiting.length, 5);
  atomic.rig.store.release(2);
  using reopened = atomic.reopen();
  assert.match(reopened.log[0]!, / 5 WRITE ATOMIC$/);
  assertSameBytes(atomic.medium, expected);
});

Deno.test("recover() does not lose what was written after the record was cleared", () => {
  using atomic = torn();
  const newer = patternBytes(1024, 9);
  {
    using reopened = atomic.reopen();
    exchangeGood(reopened.login(1), write16(9, 2), { write: newer });
  }
  using again = atomic.reopen();
  assert.deepEqual(again.log, []);
  const expected = atomic.changed(8, TORN_DATA);
  expected.set(newer, 9 * 512);
  assertSameBytes(atomic.medium, expected);
});

Deno.test("recover() finds the medium under another name, and no other one in its place", () => {
  using atomic = torn();
  const half = atomic.medium;
  const elsewhere = `${atomic.dir}/moved.img`;
  Deno.renameSync(atomic.path, elsewhere);
  Deno.writeFileSync(atomic.path, half); // another file in the place of the first
  using other = atomic.reopen();
  assert.deepEqual(other.log, []);
  assertSameBytes(atomic.medium, half);
  exchangeGood(other.login(1), writeAtomic16(8, 8), { write: new Uint8Array(4096) });
  using moved = atomic.reopen({ path: elsewhere });
  assert.deepEqual(moved.log, [FINISHES]);
  assertSameBytes(Deno.readFileSync(elsewhere), atomic.changed(8, TORN_DATA));
});

Deno.test("recover() has a disk not opened whose blocks it cannot make whole", () => {
  {
    using atomic = torn();
    assert.match(
      refusal(() => atomic.reopen({ readOnly: true })),
      /^Cannot finish the WRITE ATOMIC in .*: open the device once without read_only$/,
    );
    Deno.truncateSync(atomic.path, 8 * 512);
    assert.match(refusal(() => atomic.reopen()), /: the medium is too small now$/);
  }
  {
    using atomic = torn();
    const path = atomic.journal;
    const content = Deno.readFileSync(path);
    Deno.removeSync(path);
    Deno.mkdirSync(path);
    assert.match(refusal(() => atomic.reopen()), /^Cannot read .*\/atomic\/[0-9a-f]{64}: /);
    Deno.removeSync(path);
    content[2 ** 20 + 8]! = 2;
    Deno.writeFileSync(path, content);
    assert.match(
      refusal(() => atomic.reopen()),
      /^Cannot use .*: a newer scst wrote it \(format 2; this one knows 1\)$/,
    );
  }
  {
    using atomic = torn();
    using pool = new FaultyPool();
    for (const operation of [IoOperation.WRITE_DURABLE, IoOperation.REMOVE]) {
      pool.failures.set(operation, Errno.EIO);
    }
    assert.match(refusal(() => atomic.reopen({ statePool: pool })), /^Cannot clear .*EIO\)$/);
    using reopened = atomic.reopen();
    assert.deepEqual(reopened.log, [FINISHES], "nothing of it was forgotten");
  }
});

Deno.test("recover() goes before a SANITIZE that was interrupted as well", () => {
  using atomic = torn();
  const { journal } = atomic;
  const record = Deno.readFileSync(journal);
  {
    using sanitizing = atomic.reopen();
    sanitizing.store.hanging = true;
    const peer = sanitizing.login(1);
    assert.equal(peer.send(peer.command({ cdb: blockErase(IMMED) })).length, 1);
  }
  Deno.writeFileSync(journal, record); // as if two media had met under one name
  using reopened = atomic.reopen();
  const sanitizes = "error device 'rig' goes on with the SANITIZE that was interrupted";
  assert.deepEqual(reopened.log, [FINISHES, sanitizes]);
  assert(atomic.medium.every((byte) => byte === 0));
});

Deno.test("leftoverRecords() tells of records whose medium no device has", () => {
  using atomic = torn();
  const path = atomic.journal;
  const sentence = `an interrupted WRITE ATOMIC of '${atomic.path}' is not finished: ` +
    `no device has that medium now; it is kept in ${path}`;
  assert.deepEqual(leftoverRecords(atomic.journals, new Set()), [sentence]);
  assert.deepEqual(leftoverRecords(atomic.journals, new Set([path])), []);
  Deno.writeTextFileSync(`${atomic.journals}/note`, "not a journal");
  Deno.mkdirSync(`${atomic.journals}/${"0".repeat(64)}`);
  const broken = leftoverRecords(atomic.journals, new Set([path]));
  assert.equal(broken.length, 1);
  assert.match(broken[0]!, /^Cannot read .*\/0{64}: /);
  using reopened = atomic.reopen();
  assert.deepEqual(reopened.log, [FINISHES]);
  assert.equal(leftoverRecords(atomic.journals, new Set()).length, 1, "of the directory only");
  assert.deepEqual(leftoverRecords(`${atomic.dir}/missing`, new Set()), []);
  assert.match(leftoverRecords(atomic.path, new Set())[0]!, /^Cannot read /);
});
