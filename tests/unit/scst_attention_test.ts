/** The order of unit attention conditions (SAM-5 5.14). */
import assert from "node:assert/strict";
import { insertAttention } from "../../lib/scst/attention.ts";
import { Sense } from "../../lib/scsi/sense.ts";

const { POWER_ON_OR_RESET, BUS_DEVICE_RESET, NEXUS_LOSS } = Sense;
const { MODE_PARAMETERS_CHANGED, COMMANDS_CLEARED } = Sense;

const collect = (...senses: number[]) => senses.reduce(insertAttention, [] as number[]);

Deno.test("insertAttention() keeps the oldest first, and each of them once", () => {
  assert.deepEqual(
    collect(MODE_PARAMETERS_CHANGED, COMMANDS_CLEARED, MODE_PARAMETERS_CHANGED),
    [MODE_PARAMETERS_CHANGED, COMMANDS_CLEARED],
  );
});

Deno.test("insertAttention() puts a reset in front of what is older", () => {
  assert.deepEqual(
    collect(COMMANDS_CLEARED, BUS_DEVICE_RESET, MODE_PARAMETERS_CHANGED),
    [BUS_DEVICE_RESET, COMMANDS_CLEARED, MODE_PARAMETERS_CHANGED],
  );
});

Deno.test("insertAttention() lets the highest reset stand for the others, whichever came first", () => {
  const resets = [POWER_ON_OR_RESET, BUS_DEVICE_RESET, NEXUS_LOSS];
  for (const [high, one] of resets.entries()) {
    for (const other of resets.slice(high)) {
      assert.deepEqual(collect(one, COMMANDS_CLEARED, other), [one, COMMANDS_CLEARED]);
      assert.deepEqual(collect(COMMANDS_CLEARED, other, one), [one, COMMANDS_CLEARED]);
    }
  }
});
