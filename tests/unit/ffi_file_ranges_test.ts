/** What the store does to whole ranges of a file, with calls of the system. */
import assert from "node:assert/strict";
import { Errno } from "../../ffi/errno.ts";
import { closeFile, createFile, removeFile, truncateFile } from "../../ffi/file.ts";
import { fillRange, seekData, seekHole } from "../../ffi/file_range.ts";
import { IoVector } from "../../ffi/iovec.ts";
import { Memory } from "../../ffi/memory.ts";
import { patternBytes } from "../initiator/bytes.ts";

class SparseFile implements Disposable {
  readonly path = `/dev/shm/scst_ranges_${crypto.randomUUID()}`;
  readonly fd = createFile(this.path);

  constructor(size: number) {
    assert(this.fd >= 0);
    truncateFile(this.fd, size);
  }

  [Symbol.dispose](): void {
    closeFile(this.fd);
    removeFile(this.path);
  }
}

Deno.test("fillRange() repeats a piece of memory, and cuts the last time short", () => {
  using file = new SparseFile(8192);
  const memory = new Memory(96);
  memory.bytes.set(patternBytes(96, 1));
  const iov = new IoVector();
  iov.push(memory.address, 96);
  assert.equal(fillRange(file.fd, iov.address, 1000, 500), 0);
  const expected = new Uint8Array(8192);
  for (let at = 0; at < 500; at++) expected[1000 + at] = memory.bytes[at % 96]!;
  assert.deepEqual(Deno.readFileSync(file.path), expected);
  assert.equal(fillRange(-1, iov.address, 0, 500), -Errno.EBADF);
});

Deno.test("seekData() and seekHole() find the ends of holes", () => {
  using file = new SparseFile(65536);
  assert.equal(seekData(file.fd, 0), -Errno.ENXIO);
  assert.equal(seekHole(file.fd, 5), 5);
  const iov = new IoVector();
  const memory = new Memory(4096);
  iov.push(memory.address, 4096);
  assert.equal(fillRange(file.fd, iov.address, 16384, 8192), 0);
  assert.equal(seekData(file.fd, 0), 16384);
  assert.equal(seekData(file.fd, 20000), 20000);
  assert.equal(seekHole(file.fd, 16384), 24576);
  assert.equal(seekData(file.fd, 24576), -Errno.ENXIO);
  assert.equal(seekHole(file.fd, 65536), -Errno.ENXIO);
});
