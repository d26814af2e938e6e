import assert from "node:assert/strict";
import { word } from "../../ffi/libc.ts";

Deno.test("word() gives every number that a call may have for 64 bits", () => {
  const values = [
    0,
    1,
    511,
    2 ** 31,
    2 ** 32 - 1,
    2 ** 32,
    2 ** 47 - 4096,
    Number.MAX_SAFE_INTEGER,
  ];
  assert.deepEqual(values.map(word), values.map(BigInt));
  // Compiled code as well.
  let sum = 0n;
  for (let index = 0; index < 100_000; index++) sum += word(index * 2 ** 20);
  assert.equal(sum, BigInt(99_999 * 50_000) * BigInt(2 ** 20));
});
