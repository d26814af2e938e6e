/** Sums, differences and quantiles of what LUNs did. */
import assert from "node:assert/strict";
import { allWays, NOTHING, quantile, since, sumOf } from "../../lib/metrics/figures.ts";
import { CommandFigures, ENDS, Ways } from "../../lib/scst/command_figures.ts";

function figures(...times: readonly (readonly [way: number, bytes: number, us: number])[]) {
  const made = new CommandFigures();
  for (const [way, bytes, us] of times) made.took(way, bytes, us);
  made.fail(ENDS.indexOf("busy"));
  return made.view;
}

const ONE = figures([Ways.READ, 512, 3], [Ways.READ, 512, 100]);
const OTHER = figures([Ways.READ, 1024, 3], [Ways.WRITE, 4096, 70]);

Deno.test("sumOf() and since() undo each other", () => {
  const sum = sumOf(ONE, OTHER);
  assert.deepEqual([sum.read.commands, sum.read.bytes, sum.read.microseconds], [3, 2048, 106]);
  assert.equal(sum.read.classes[2], 2);
  assert.deepEqual(sum.failed, { busy: 2 });
  assert.deepEqual(since(OTHER, sum), ONE);
  assert.deepEqual(since(undefined, ONE), ONE);
  assert.deepEqual(since(ONE, ONE), NOTHING);
  assert.deepEqual(since(ONE, NOTHING), NOTHING, "what was counted anew is nothing yet");
});

Deno.test("allWays() takes reads, writes and the rest together", () => {
  const { commands, bytes, microseconds } = allWays(OTHER);
  assert.deepEqual([commands, bytes, microseconds], [2, 5120, 73]);
});

Deno.test("quantile() stays within the class that has the command", () => {
  assert.equal(quantile(NOTHING.read, 0.5), undefined);
  const fast = figures(...Array.from({ length: 99 }, () => [Ways.READ, 0, 50] as const), [
    Ways.READ,
    0,
    3_000_000,
  ]).read;
  const [median, p99, most] = [0.5, 0.99, 1].map((part) => quantile(fast, part)!);
  assert(median! > 32 && median! < 64, `${median}`);
  assert.equal(p99, 64);
  assert.equal(most, 2 ** 22);
  assert.equal(quantile(figures([Ways.READ, 0, 2 ** 40]).read, 1), 2 ** 26);
});
