import assert from "node:assert/strict";
import { Watchdog, watchdogInterval } from "../../lib/service/watchdog.ts";

Deno.test("watchdogInterval() is a quarter of the time, for the process that is meant", () => {
  const interval = (env: Record<string, string>) => watchdogInterval((name) => env[name], 7);
  assert.equal(interval({ WATCHDOG_USEC: "30000000" }), 7500);
  assert.equal(interval({ WATCHDOG_USEC: "30000000", WATCHDOG_PID: "7" }), 7500);
  assert.equal(interval({ WATCHDOG_USEC: "30000000", WATCHDOG_PID: "8" }), undefined);
  assert.equal(interval({ WATCHDOG_USEC: "1" }), 1);
  for (const text of ["", "0", "-5", "x", "1e99"]) {
    assert.equal(interval({ WATCHDOG_USEC: text }), undefined, text);
  }
  assert.equal(interval({}), undefined);
});

Deno.test("Watchdog feeds only when the loop has turned, and says once that it has not", () => {
  let turns = 5;
  const said: string[] = [];
  const watchdog = new Watchdog({
    turns: () => turns,
    feed: () => said.push("fed"),
    warn: (line) => said.push(line),
  });
  const stuck = "The data loop is stuck: the watchdog is not fed until it turns again";
  watchdog.look();
  turns++;
  watchdog.look();
  watchdog.look();
  watchdog.look();
  turns = -(2 ** 31); // a counter of 32 bits goes round
  watchdog.look();
  watchdog.look();
  assert.deepEqual(said, [stuck, "fed", stuck, "fed", stuck]);
});
