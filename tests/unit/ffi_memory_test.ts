/** Memory for C calls, and the pool that lends it. */
import assert from "node:assert/strict";
import { libc } from "../../ffi/libc.ts";
import { blockLengthOf, Borrower, copyFrom, Memory, MemoryPool } from "../../ffi/memory.ts";

const MIB = 2 ** 20;

Deno.test("Memory has one content under its bytes, its view and its address", () => {
  const [from, to] = [new Memory(100), new Memory(100)];
  assert.deepEqual(from.bytes, new Uint8Array(100));
  from.view.setUint32(10, 0xdeadbeef);
  libc.memcpy(to.address + 20, from.address + 10, 4);
  assert.deepEqual([...to.bytes.subarray(19, 25)], [0, 0xde, 0xad, 0xbe, 0xef, 0]);
  assert.equal(to.length, 100);
});

Deno.test("copyFrom() copies: what happens to the memory later does not matter", () => {
  const memory = new Memory(16);
  memory.bytes.fill(3);
  const copy = copyFrom(memory.address + 4, 8);
  memory.bytes.fill(4);
  assert.deepEqual(copy, new Uint8Array(8).fill(3));
  assert.throws(() => copyFrom(0, 1), /^Error: Cannot look at address 0$/);
});

Deno.test("take() lends a quarter more than what is asked for at most, and 4 KiB at least", () => {
  const pool = new MemoryPool(0);
  const cases = [
    [1, 4096],
    [4095, 4096],
    [4096, 4096],
    [4097, 5120],
    [5121, 6144],
    [7168, 7168],
    [7169, 8192],
    [8192, 8192],
    [MIB, MIB],
    [MIB + 1, 1.25 * MIB],
    [8 * MIB + 48, 10 * MIB],
    [16 * MIB, 16 * MIB],
    [16 * MIB + 1, 20 * MIB],
    [2 ** 30 - 1, 2 ** 30],
  ] as const;
  for (const [length, size] of cases) {
    assert.equal(blockLengthOf(length), size, `${length} bytes`);
    if (size > 32 * MIB) continue;
    const block = pool.take(length);
    assert.deepEqual([block.length, pool.lent], [size, size], `${length} bytes`);
    pool.give(block);
    assert.equal(pool.lent, 0);
  }
});

Deno.test("give() keeps a block for the next taker of its size, and for nobody else", () => {
  const pool = new MemoryPool(MIB);
  const block = pool.take(5000);
  pool.give(block);
  const larger = pool.take(10_000);
  const smaller = pool.take(4000);
  assert.notEqual(larger, block);
  assert.notEqual(smaller, block);
  assert.equal(pool.take(5120), block);
  assert.equal(pool.lent, 10_240 + 4096 + 5120);
  assert.notEqual(pool.take(5120), block, "it is lent already");
});

Deno.test("give() keeps no more than it was told, nor what is larger than 16 MiB", () => {
  const pool = new MemoryPool(3 * 4096);
  const blocks = [1, 2, 3, 4].map(() => pool.take(4096));
  for (const block of blocks) pool.give(block);
  const again = [1, 2, 3, 4].map(() => pool.take(4096));
  assert.equal(again.filter((block) => blocks.includes(block)).length, 3);
  for (const block of again) pool.give(block);
  const large = new MemoryPool(2 ** 30);
  const kept = large.take(16 * MIB);
  const dropped = large.take(17 * MIB);
  large.give(kept);
  large.give(dropped);
  assert.equal(large.take(16 * MIB), kept);
  assert.notEqual(large.take(17 * MIB), dropped);
});

Deno.test("MemoryPool counts what each borrower has", () => {
  const pool = new MemoryPool(MIB);
  const [one, other] = [new Borrower(), new Borrower()];
  const block = pool.take(4096, one);
  pool.take(8192, other);
  pool.take(4096);
  assert.deepEqual([one.lent, other.lent, pool.lent], [4096, 8192, 16384]);
  pool.give(block);
  assert.deepEqual([one.lent, other.lent, pool.lent], [0, 8192, 12288]);
  assert.equal(pool.take(4096), block);
  pool.give(block);
  assert.equal(one.lent, 0, "who has it now counts, not who had it before");
});

Deno.test("MemoryPool counts what is kept only while it is there", () => {
  const pool = new MemoryPool(4096);
  for (let turn = 0; turn < 3; turn++) {
    const block = pool.take(1);
    pool.give(block);
    assert.equal(pool.take(1), block, "the place that it took is free again");
    pool.give(block);
  }
});
