/** Writes that the system takes in pieces. */
import assert from "node:assert/strict";
import { Errno } from "../../ffi/errno.ts";
import { writeWhole } from "../../ffi/write_whole.ts";

/** What it returns where calls return `results`, one after the other, and what they were told was done. */
function run(length: number, results: readonly number[]): [result: number, dones: number[]] {
  const dones: number[] = [];
  const result = writeWhole(length, (done) => {
    assert(dones.length < results.length, "it ends");
    dones.push(done);
    return results[dones.length - 1]!;
  });
  return [result, dones];
}

Deno.test("writeWhole() goes on behind what was taken, and after signals", () => {
  assert.deepEqual(run(10, [4, -Errno.EINTR, 5, 1]), [0, [0, 4, 4, 9]]);
  assert.deepEqual(run(0, []), [0, []]);
});

Deno.test("writeWhole() ends with an error, also where nothing more is taken", () => {
  assert.deepEqual(run(10, [4, -Errno.ENOSPC]), [-Errno.ENOSPC, [0, 4]]);
  assert.deepEqual(run(10, [4, 0]), [-Errno.EIO, [0, 4]]);
});
