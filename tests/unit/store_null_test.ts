/** The null store: whatever is read is zeros, in however many pieces. */
import assert from "node:assert/strict";
import { IOV_MAX } from "../../ffi/iovec.ts";
import { Memory } from "../../ffi/memory.ts";
import { IoOperation, IoRequest } from "../../lib/store/io_request.ts";
import { openNull } from "../../lib/store/null.ts";

const PIECE = 512;

Deno.test("a null store fills all pieces with zeros, those beyond what one call takes as well", () => {
  for (const count of [1, IOV_MAX, IOV_MAX + 1, 2 * IOV_MAX, 3 * IOV_MAX + 7]) {
    const length = count * PIECE;
    const store = openNull(2 ** 40, PIECE);
    const request = new IoRequest();
    const memory = new Memory(length);
    const fill = () => {
      memory.bytes.fill(1);
      request.iov.clear();
      for (let at = 0; at < length; at += PIECE) request.iov.push(memory.address + at, PIECE);
    };
    fill();
    assert.equal(store.readNow(request.iov, 0, length), length);
    assert(memory.bytes.every((byte) => byte === 0), `${count} pieces at once`);
    fill();
    Object.assign(request, { operation: IoOperation.READ, offset: 0, length, memory });
    store.submit(request);
    assert.equal(request.result, 0);
    assert(memory.bytes.every((byte) => byte === 0), `${count} pieces that are submitted`);
    store.close();
  }
});
