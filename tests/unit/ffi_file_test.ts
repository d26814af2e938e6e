import assert from "node:assert/strict";
import { closeFile, openBacking, openFile } from "../../ffi/file.ts";
import { pread, pwrite } from "../../ffi/transfer.ts";
import { isInMemory } from "../../ffi/file_facts.ts";
import { IoVector } from "../../ffi/iovec.ts";
import { words } from "../../ffi/libc.ts";
import { Memory } from "../../ffi/memory.ts";
import { LoopDevice, missingLoop } from "../harness/loop_device.ts";

async function withFile(body: (path: string) => void): Promise<void> {
  const path = await Deno.makeTempFile({ prefix: "scst_test_" });
  try {
    body(path);
  } finally {
    await Deno.remove(path);
  }
}

function piece(address: number, length: number): IoVector {
  const iov = new IoVector();
  iov.push(address, length);
  return iov;
}

Deno.test("pread() and pwrite() move the bytes at an offset beyond 4 GiB", async () => {
  await withFile((path) => {
    const fd = openFile(path, true);
    const memory = new Memory(64);
    memory.bytes.set([1, 2, 3, 4]);
    const offset = 5 * 2 ** 30 + 7;
    assert.equal(pwrite(fd, piece(memory.address, 4), offset), 4);
    assert.equal(pread(fd, piece(memory.address + 32, 4), offset + 1), 3);
    assert.deepEqual([...memory.bytes.subarray(32, 36)], [2, 3, 4, 0]);
    assert.equal(closeFile(fd), 0);
  });
});

const noLoop = missingLoop();

Deno.test({
  name: `a block device is not in memory, whatever its node is in${noLoop ? ` [${noLoop}]` : ""}`,
  ignore: noLoop !== undefined,
  fn: () => {
    using device = new LoopDevice(2 ** 16);
    const place = Deno.makeTempFileSync({ dir: "/dev/shm" });
    for (const [path, expected] of [[device.path, false], [place, true]] as const) {
      const fd = openFile(path, false);
      assert.equal(isInMemory(fd), expected, path);
      closeFile(fd);
    }
    Deno.removeSync(place);
  },
});

Deno.test("a read leaves no time of access on a file of its own", async () => {
  await withFile((path) => {
    Deno.writeTextFileSync(path, "text");
    const long = new Date("2001-01-01");
    Deno.utimeSync(path, long, new Date());
    const fd = openBacking(path, false, false);
    const memory = new Memory(64);
    assert.equal(pread(fd, piece(memory.address, 4), 0), 4);
    closeFile(fd);
    assert.deepEqual(Deno.statSync(path).atime, long);
  });
});

Deno.test("IoVector puts its first piece into the words of a call, and what is left of it", () => {
  const iov = new IoVector();
  iov.push(2 ** 40 + 5, 100);
  iov.push(7, 20);
  for (const [skipped, ...wanted] of [[0, 2 ** 40 + 5, 100], [30, 2 ** 40 + 35, 70], [70, 7, 20]]) {
    iov.advance(skipped!);
    iov.putFirst();
    assert.deepEqual([words[0], words[1]], wanted.map(BigInt));
  }
});
