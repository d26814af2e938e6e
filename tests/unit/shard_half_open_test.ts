/** How many connections of one host may be without a login, and which one has to go. */
import assert from "node:assert/strict";
import { HalfOpen } from "../../lib/shard/half_open.ts";

const MOST = 128;

/** Enters connections 0, 1, 2 ... of an address; returns those that had to go. */
function fill(halfOpen: HalfOpen<number>, address: string, count: number): number[] {
  const numbers = Array.from({ length: count }, (_, number) => number);
  return numbers.flatMap((number) => halfOpen.enter(address, number) ?? []);
}

Deno.test("HalfOpen sends the oldest of a host away when there are too many of it", () => {
  const halfOpen = new HalfOpen<number>();
  assert.deepEqual(fill(halfOpen, "10.0.0.1", MOST), []);
  assert.equal(halfOpen.enter("10.0.0.2", 1000), undefined, "another host");
  assert.deepEqual([1001, 1002, 1003].map((more) => halfOpen.enter("10.0.0.1", more)), [0, 1, 2]);
});

Deno.test("HalfOpen forgets who has logged in", () => {
  const halfOpen = new HalfOpen<number>();
  fill(halfOpen, "10.0.0.1", MOST);
  halfOpen.leave("10.0.0.1", 0);
  halfOpen.leave("10.0.0.1", 0);
  assert.equal(halfOpen.enter("10.0.0.1", 1000), undefined);
  assert.equal(halfOpen.enter("10.0.0.1", 1001), 1);
});

Deno.test("HalfOpen expels the oldest of the host that has the most", () => {
  const halfOpen = new HalfOpen<number>();
  assert.equal(halfOpen.expel(), undefined);
  halfOpen.enter("10.0.0.1", 0);
  for (const number of [1, 2, 3]) halfOpen.enter("10.0.0.2", number);
  halfOpen.enter("10.0.0.3", 4);
  assert.deepEqual([1, 2, 3, 4, 5].map(() => halfOpen.expel()), [1, 2, 0, 3, 4]);
  assert.equal(halfOpen.expel(), undefined);
  halfOpen.leave("10.0.0.2", 1);
  halfOpen.enter("10.0.0.2", 5);
  assert.equal(halfOpen.expel(), 5);
});

Deno.test("HalfOpen takes the addresses of a /64 for one host", () => {
  const cases: [one: string, other: string, same: boolean][] = [
    ["2001:db8::1", "2001:db8::ffff:2", true],
    ["2001:db8:0:0:1::1", "2001:db8::1", true],
    ["2001:db8:0:1::1", "2001:db8::1", false],
    ["::1", "::2", true],
    ["fe80::1", "::1", false],
    ["1:2:3:4:5:6:7:8", "1:2:3:4::", true],
    ["192.0.2.1", "192.0.2.2", false],
  ];
  for (const [one, other, same] of cases) {
    const halfOpen = new HalfOpen<number>();
    fill(halfOpen, one, MOST);
    assert.equal(halfOpen.enter(other, 1000), same ? 0 : undefined, `${one} ${other}`);
  }
});
