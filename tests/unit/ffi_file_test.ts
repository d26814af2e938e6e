import assert from "node:assert/strict";
import { closeFile, openBacking, openFile, pread, pwrite } from "../../ffi/file.ts";
import { IoVector } from "../../ffi/iovec.ts";
import { Memory } from "../../ffi/memory.ts";

async function withFile(body: (path: string) => void): Promise<void> {
  const path = await Deno.makeTempFile({ prefix: "scst_test_" });
  try {
    body(path);
  } finally {
    await Deno.remove(path);
  }
}

Deno.test("pread() and pwrite() move the bytes at an offset beyond 4 GiB", async () => {
  await withFile((path) => {
    const fd = openFile(path, true);
    const memory = new Memory(64);
    memory.bytes.set([1, 2, 3, 4]);
    const offset = 5 * 2 ** 30 + 7;
    assert.equal(pwrite(fd, memory.address, 4, offset), 4);
    assert.equal(pread(fd, memory.address + 32, 4, offset + 1), 3);
    assert.deepEqual([...memory.bytes.subarray(32, 36)], [2, 3, 4, 0]);
    assert.equal(closeFile(fd), 0);
  });
});

Deno.test("a read leaves no time of access on a file of its own", async () => {
  await withFile((path) => {
    Deno.writeTextFileSync(path, "text");
    const long = new Date("2001-01-01");
    Deno.utimeSync(path, long, new Date());
    const fd = openBacking(path, false, false);
    assert.equal(pread(fd, new Memory(64).address, 4, 0), 4);
    closeFile(fd);
    assert.deepEqual(Deno.statSync(path).atime, long);
  });
});

Deno.test("IoVector gives its first piece, and what is left of it", () => {
  const iov = new IoVector();
  iov.push(2 ** 40 + 5, 100);
  iov.push(7, 20);
  assert.deepEqual([iov.firstAddress, iov.firstLength], [2 ** 40 + 5, 100]);
  iov.advance(30);
  assert.deepEqual([iov.firstAddress, iov.firstLength], [2 ** 40 + 35, 70]);
  iov.advance(70);
  assert.deepEqual([iov.firstAddress, iov.firstLength], [7, 20]);
});
