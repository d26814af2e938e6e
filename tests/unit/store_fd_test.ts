/** A store behind a descriptor: at once what needs no sleep, through the pool what may. */
import assert from "node:assert/strict";
import { Memory } from "../../ffi/memory.ts";
import { openFileStore } from "../../lib/store/file.ts";
import { IoOperation, IoRequest } from "../../lib/store/io_request.ts";
import { Place } from "../harness/place.ts";
import { patternBytes } from "../initiator/bytes.ts";

for (const parent of [undefined, "/dev/shm"]) {
  Deno.test(`FdStore transfers at once or not at all, in ${parent ?? "TMPDIR"}`, () => {
    using place = new Place(parent);
    const content = patternBytes(8192, 1);
    const filename = place.file("f", content);
    const options = { filename, blocksize: 512, size: undefined, readOnly: false };
    const store = openFileStore(options, place.pool);
    const request = new IoRequest();
    request.memory = new Memory(8192);
    const { bytes, address } = request.memory;
    const finished: number[] = [];
    request.finished = ({ result }) => finished.push(result);
    const perform = (operation: number, offset: number, length: number) => {
      Object.assign(request, { operation, offset, length });
      request.iov.clear();
      request.iov.push(address, length);
      const reads = operation === IoOperation.READ;
      const done = reads
        ? store.readNow(request.iov, offset, length)
        : store.writeNow(request.iov, offset, length);
      if (done === length) return;
      assert(parent === undefined && done < 0, "in memory nothing sleeps");
      store.submit(request);
      assert.equal(finished.pop(), 0);
    };
    for (let turn = 0; turn < 3; turn++) {
      perform(IoOperation.READ, 100 * turn, 8192 - 100 * turn);
      assert.deepEqual(bytes.slice(0, 8192 - 100 * turn), content.slice(100 * turn));
      bytes.fill(turn);
      perform(IoOperation.WRITE, 512 * turn, 100);
      content.fill(turn, 512 * turn, 512 * turn + 100);
      assert.deepEqual(Deno.readFileSync(filename), content);
    }
    request.iov.clear();
    request.iov.push(address, 8192);
    assert.notEqual(store.readNow(request.iov, 8000, 8192), 8192, "the file ends before");
    store.close();
  });
}
