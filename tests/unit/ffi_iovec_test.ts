/** struct iovec as the system reads it: entries, growth, and the rest after a short transfer. */
import assert from "node:assert/strict";
import { IOV_MAX, IoVector } from "../../ffi/iovec.ts";
import { entriesOf } from "../harness/iovec_entries.ts";
import { Random, testSeed } from "../harness/random.ts";

const HIGH = 0x7ffe_dead_b000; // where a stack lies: more than 32 bits

Deno.test("push() lays entries out one behind the other, with addresses of 47 bits", () => {
  const iov = new IoVector(2);
  const entries = [
    { address: HIGH, length: 1 },
    { address: 0xffff_fff0, length: 0xffff_ffff },
    { address: 0x7fff_ffff_ffff, length: 4096 },
  ];
  for (const { address, length } of entries) iov.push(address, length);
  assert.equal(iov.count, 3);
  assert.deepEqual(entriesOf(iov), entries);
});

Deno.test("clear() forgets everything, also what was left behind an advance", () => {
  const iov = new IoVector();
  iov.push(1000, 10);
  iov.push(2000, 10);
  iov.advance(12);
  iov.clear();
  assert.equal(iov.count, 0);
  iov.push(3000, 5);
  assert.deepEqual(entriesOf(iov), [{ address: 3000, length: 5 }]);
});

Deno.test("count is what one call takes: IOV_MAX at most, then the rest", () => {
  const iov = new IoVector(1);
  for (let index = 0; index < 2 * IOV_MAX + 100; index++) iov.push(HIGH + index * 16, 2);
  for (const [count, first] of [[IOV_MAX, 0], [IOV_MAX, IOV_MAX], [100, 2 * IOV_MAX]] as const) {
    assert.equal(iov.count, count);
    assert.deepEqual(entriesOf(iov, 1), [{ address: HIGH + first * 16, length: 2 }]);
    iov.advance(2 * count);
  }
  assert.equal(iov.count, 0);
});

Deno.test("advance() drops whole entries, and the beginning of the next one", () => {
  const cases: [bytes: number, left: [address: number, length: number][]][] = [
    [0, [[100, 10], [200, 20], [300, 30]]],
    [1, [[101, 9], [200, 20], [300, 30]]],
    [9, [[109, 1], [200, 20], [300, 30]]],
    [10, [[200, 20], [300, 30]]],
    [11, [[201, 19], [300, 30]]],
    [30, [[300, 30]]],
    [59, [[329, 1]]],
    [60, []],
    [1000, []],
  ];
  for (const [bytes, left] of cases) {
    const iov = new IoVector();
    for (const [address, length] of [[100, 10], [200, 20], [300, 30]] as const) {
      iov.push(address, length);
    }
    iov.advance(bytes);
    assert.deepEqual(entriesOf(iov), left.map(([address, length]) => ({ address, length })));
  }
});

Deno.test("advance() carries into the upper half of an address", () => {
  const iov = new IoVector();
  iov.push(0x1_ffff_fff0, 0x40);
  iov.advance(0x20);
  assert.deepEqual(entriesOf(iov), [{ address: 0x2_0000_0010, length: 0x20 }]);
});

Deno.test("IoVector does what a list of bytes does", () => {
  const seed = testSeed();
  const random = new Random(seed);
  for (let round = 0; round < 50; round++) {
    const iov = new IoVector(1 + random.below(4));
    let bytes: number[] = [];
    for (let turn = 0; turn < 60; turn++) {
      if (random.below(3) > 0) {
        const address = HIGH + turn * 1000;
        const length = random.below(20);
        iov.push(address, length);
        for (let at = 0; at < length; at++) bytes.push(address + at);
      } else {
        const drop = random.below(bytes.length + 1);
        iov.advance(drop);
        bytes = bytes.slice(drop);
      }
      const left = entriesOf(iov).flatMap(({ address, length }) =>
        Array.from({ length }, (_, at) => address + at)
      );
      assert.deepEqual(left, bytes, `SCST_TEST_SEED=${seed}`);
    }
  }
});
