import assert from "node:assert/strict";
import { parseIops } from "../perf/iscsi_perf.ts";
import { median, spread } from "../perf/statistics.ts";

Deno.test("parseIops() takes the final average out of the rewritten line", () => {
  const progress =
    "\r00:00:01 - lba 3, iops current 7 (0 MB/s), iops average 8 (0 MB/s), in_flight 32";
  const head = "performing RANDOM READ with 32 parallel requests\n\n";
  assert.equal(
    parseIops(`${head}${progress}      \riops average 56678 (27 MB/s)     \n\nfinished.\n`),
    56678,
  );
  assert.equal(parseIops(head + progress), undefined);
});

Deno.test("median() and spread() describe rounds", () => {
  assert.equal(median([3, 1, 2]), 2);
  assert.equal(median([4, 1, 2, 3]), 2.5);
  assert.equal(spread([90, 100, 120]), 0.3);
  assert.throws(() => median([]));
});
