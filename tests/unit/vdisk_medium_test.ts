/** A medium and what works on it, in a drive whose medium is changed. */
import assert from "node:assert/strict";
import { Memory } from "../../ffi/memory.ts";
import { IoVector } from "../../ffi/iovec.ts";
import { Errno } from "../../ffi/errno.ts";
import { AbsentStore } from "../../lib/store/absent.ts";
import { IoOperation, IoRequest } from "../../lib/store/io_request.ts";
import type { Store } from "../../lib/store/store.ts";
import { Medium } from "../../lib/vdisk/medium.ts";

/** A store of which only the end is of interest. */
class ClosableStore extends AbsentStore {
  closed = 0;
  override close(): void {
    this.closed++;
  }
}

Deno.test("Medium closes its store when it is out and nothing works on it, and only once", () => {
  for (const requests of [0, 1, 3]) {
    const store = new ClosableStore();
    const medium = new Medium(store, 2048);
    medium.begin();
    medium.end();
    assert.equal(store.closed, 0, "it may be used again");
    for (let index = 0; index < requests; index++) medium.begin();
    medium.remove();
    assert(medium.isRemoved);
    for (let index = 0; index < requests; index++) {
      assert.equal(store.closed, 0, `${requests - index} requests work on it`);
      medium.end();
    }
    assert.equal(store.closed, 1);
  }
});

Deno.test("Medium has whole blocks", () => {
  const store: Store = Object.assign(new AbsentStore(), { size: 6143 });
  assert.equal(new Medium(store, 2048).capacity, 2);
});

Deno.test("AbsentStore has no block to read or write, and nothing to flush", () => {
  const store = new AbsentStore();
  assert.equal(store.readNow(), -Errno.ENOMEDIUM);
  assert.equal(store.writeNow(), -Errno.ENOMEDIUM);
  const memory = new Memory(512);
  const kept = ["SYNC", "WRITEBACK"]; // what was never written is not lost
  for (const [name, operation] of Object.entries(IoOperation)) {
    const request = new IoRequest();
    const iov: IoVector = request.iov;
    iov.push(memory.address, 512);
    let finished = 0;
    request.operation = operation;
    request.finished = () => finished++;
    store.submit(request);
    assert.equal(finished, 1, name);
    assert.equal(request.result, kept.includes(name) ? 0 : -Errno.ENOMEDIUM, name);
  }
});
