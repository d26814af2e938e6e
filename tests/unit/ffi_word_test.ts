import assert from "node:assert/strict";
import { setWord, words } from "../../ffi/libc.ts";

Deno.test("setWord() puts every number that a call may have for 64 bits", () => {
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
  for (const [at, value] of values.entries()) {
    setWord(at % words.length, value);
    assert.equal(words[at % words.length], BigInt(value));
  }
  // Compiled code as well.
  let sum = 0n;
  for (let index = 0; index < 100_000; index++) {
    setWord(1, index * 2 ** 20);
    sum += words[1]!;
  }
  assert.equal(sum, BigInt(99_999 * 50_000) * BigInt(2 ** 20));
});
