/** READ with FUA, and VERIFY: what they find is on stable storage, and is brought there only if need be. */
import assert from "node:assert/strict";
import { Errno } from "../../ffi/errno.ts";
import { IoOperation, nameOfOperation } from "../../lib/store/io_request.ts";
import { exchange, exchangeGood, exchangeSense } from "../harness/exchange.ts";
import { markedBlocks } from "../harness/marked_block.ts";
import { BLOCK, type Peer, Rig, type RigOptions } from "../harness/rig.ts";
import { VolatileStore } from "../harness/volatile_store.ts";
import {
  read10,
  read12,
  read16,
  read6,
  unmap,
  unmapList,
  verify10,
  write10,
} from "../initiator/cdb.ts";
import { Field, FINAL, type Pdu } from "../initiator/pdu.ts";
import { READ, WRITE } from "../initiator/requests.ts";

const FUA = 0x08;
const DPO = 0x10;
const ONE = { read: BLOCK };
const DATA = markedBlocks(1, 0, 1);

class Scene implements Disposable {
  readonly rig: Rig;
  readonly peer: Peer;
  #store!: VolatileStore;

  constructor(options: RigOptions = {}) {
    const around = (inner: ConstructorParameters<typeof VolatileStore>[0]) =>
      this.#store = new VolatileStore(inner);
    this.rig = new Rig({ ...options, around });
    this.peer = this.rig.login(1);
  }

  /** Executes a command; what the store was asked for beside reads. */
  calls(cdb: Uint8Array, transfer: { read?: number; write?: Uint8Array } = ONE): string {
    this.#store.calls = [];
    exchangeGood(this.peer, cdb, transfer);
    return this.#store.calls.join(" ");
  }

  /** Somebody begins a command that is not answered yet. */
  send(cdb: Uint8Array, write?: Uint8Array): void {
    const flags = FINAL | 1 | (write === undefined ? READ : WRITE);
    const data = write === undefined ? {} : { data: write };
    const command = this.peer.command({ cdb, flags, expectedLength: BLOCK, ...data });
    assert.deepEqual(this.peer.send(command), []);
  }

  /** What hangs in the store. */
  get held(): string[] {
    return this.rig.store.held.map(({ operation }) => nameOfOperation(operation));
  }

  /** Has the oldest call that hangs made; what is answered then. */
  release(): Pdu[] {
    this.rig.store.release(1);
    return this.peer.take();
  }

  [Symbol.dispose](): void {
    this.rig[Symbol.dispose]();
  }
}

Deno.test("read() with FUA flushes what was written since the last flush, and no more", () => {
  using scene = new Scene();
  // Who wrote to the store before it was opened may not have flushed it.
  assert.equal(scene.calls(read10(0, 1)), "");
  assert.equal(scene.calls(read10(0, 1, FUA)), "SYNC");
  const list = unmapList([{ lba: 8, blocks: 8 }]);
  for (const read of [read10, read12, read16]) {
    assert.equal(scene.calls(read(0, 1, FUA)), "");
    assert.equal(scene.calls(write10(0, 1, FUA), { write: DATA }), "WRITE_DURABLE");
    assert.equal(scene.calls(read(0, 1, FUA)), "");
    assert.equal(scene.calls(write10(0, 1), { write: DATA }), "WRITE");
    assert.equal(scene.calls(read(0, 1, DPO)), "");
    assert.equal(scene.calls(read(0, 0, FUA), {}), "", "no block is read");
    assert.equal(scene.calls(read(0, 1, FUA)), "SYNC");
    assert.equal(scene.calls(unmap(list.length), { write: list }), "PUNCH");
    assert.equal(scene.calls(read(0, 1, DPO | FUA)), "SYNC");
  }
  assert.deepEqual(exchangeGood(scene.peer, read10(0, 1, FUA), ONE), DATA);
});

Deno.test("read() takes no bit of a 6-byte LBA for FUA", () => {
  const lba = FUA << 16;
  using scene = new Scene({ size: (lba + 1) * BLOCK });
  assert.equal(scene.calls(read6(lba, 1)), "");
  assert.equal(scene.calls(read10(lba, 1, FUA)), "SYNC");
});

Deno.test("verify() flushes only what was not flushed", () => {
  using scene = new Scene();
  assert.equal(scene.calls(verify10(0, 1), {}), "SYNC");
  assert.equal(scene.calls(verify10(0, 1), {}), "");
  assert.equal(scene.calls(write10(0, 1), { write: DATA }), "WRITE");
  assert.equal(scene.calls(verify10(0, 1), {}), "SYNC");
});

Deno.test("a disk without a write cache, and one with nv_cache, has nothing to flush for FUA", () => {
  using through = new Scene({ writeThrough: true });
  assert.equal(through.calls(read10(0, 1, FUA)), "SYNC");
  assert.equal(through.calls(write10(0, 1), { write: DATA }), "WRITE_DURABLE");
  assert.equal(through.calls(read10(0, 1, FUA)), "");
  using safe = new Scene({ nvCache: true });
  assert.equal(safe.calls(write10(0, 1), { write: DATA }), "WRITE");
  assert.equal(safe.calls(read10(0, 1, FUA)), "");
  assert.equal(safe.calls(verify10(0, 1), {}), "");
});

Deno.test("read() with FUA is not answered before that is flushed which it has found", () => {
  using scene = new Scene();
  const { store } = scene.rig;
  scene.calls(read10(0, 1, FUA));
  store.hanging = true;
  scene.send(write10(0, 1), DATA);
  scene.send(read10(0, 1, FUA));
  assert.deepEqual(scene.held, ["WRITE", "READ"]);
  store.hanging = false;
  assert.equal(scene.release().length, 1, "the write has ended");
  store.hanging = true;
  assert.deepEqual(scene.release(), []);
  assert.deepEqual(scene.held, ["SYNC"]);
  const [answer] = scene.release();
  assert.equal(answer!.u8(Field.status), 0);
  assert.deepEqual(answer!.data, DATA);
});

Deno.test("read() with FUA flushes what a write leaves behind that is under way or has failed", () => {
  using scene = new Scene();
  const { store } = scene.rig;
  scene.calls(read10(0, 1, FUA));
  store.hanging = true;
  scene.send(write10(0, 1), DATA);
  store.hanging = false;
  assert.equal(scene.calls(read10(0, 1, FUA)), "SYNC");
  assert.equal(scene.calls(read10(0, 1, FUA)), "SYNC");
  scene.release();
  assert.equal(scene.calls(read10(0, 1, FUA)), "SYNC");
  assert.equal(scene.calls(read10(0, 1, FUA)), "");
  store.failures.set(IoOperation.WRITE, Errno.ENOSPC);
  exchangeSense(scene.peer, write10(0, 1), "07/27/07", { write: DATA });
  store.failures.clear();
  assert.equal(scene.calls(read10(0, 1, FUA)), "SYNC");
  assert.equal(scene.calls(read10(0, 1, FUA)), "");
});

Deno.test("read() with FUA says that a flush has failed, and what else can be read is read", () => {
  using scene = new Scene();
  scene.rig.store.failures.set(IoOperation.SYNC, Errno.EIO);
  const { peer } = scene;
  exchangeSense(peer, read10(0, 1, FUA), "03/0C/00", ONE);
  exchangeSense(peer, read10(0, 1, FUA), "04/3E/01", ONE);
  exchangeGood(peer, read10(0, 1), ONE); // nothing that had ended with GOOD was lost
  scene.rig.store.failures.clear();
  exchangeSense(peer, read10(0, 1, FUA), "04/3E/01", ONE);
  assert.equal(exchange(peer, write10(0, 1), { write: DATA }).status, 2);
});

Deno.test("an aborted read() with FUA ends without data when its flush has ended", () => {
  using scene = new Scene();
  scene.rig.store.hanging = true;
  scene.send(read10(0, 1, FUA));
  assert.deepEqual(scene.release(), []);
  assert.deepEqual(scene.held, ["SYNC"]);
  scene.peer.connection.close();
  scene.rig.store.release();
  assert.equal(scene.rig.node.memory.lent, 0);
  assert.equal(scene.rig.disk.locks.isBusy, false);
});
