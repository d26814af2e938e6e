import assert from "node:assert/strict";
import { Lateness } from "../../lib/shard/lateness.ts";

Deno.test("Lateness tells the last tick, and the latest of those of a minute", () => {
  const lateness = new Lateness();
  assert.deepEqual([lateness.last, lateness.worst], [0, 0]);
  lateness.note(250);
  lateness.note(3);
  assert.deepEqual([lateness.last, lateness.worst], [3, 250]);
  lateness.note(-1); // a clock that is read twice may say so
  assert.equal(lateness.last, 0);
  for (let tick = 0; tick < 57; tick++) lateness.note(1);
  assert.equal(lateness.worst, 250);
  lateness.note(2);
  assert.deepEqual([lateness.last, lateness.worst], [2, 3]);
});
