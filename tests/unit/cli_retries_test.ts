/** Trying again what could not be served. */
import assert from "node:assert/strict";
import { Failure } from "../../lib/cli/failure.ts";
import { Retries } from "../../lib/cli/retries.ts";

const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

Deno.test("Retries tries again, whatever became of the last time", async () => {
  const enough = Promise.withResolvers<void>();
  let times = 0;
  const retry = () => {
    times++;
    if (times === 5) enough.resolve();
    return times % 2 === 0
      ? Promise.reject(new Failure("It is still not there"))
      : Promise.resolve();
  };
  const retries = new Retries({ retry }, 1);
  await enough.promise;
  retries.stop();
  const before = times;
  await pause(20);
  assert.equal(times, before, "it is stopped");
});

Deno.test("Retries waits for the end of a try that hangs", async () => {
  const hanging = Promise.withResolvers<void>();
  const again = Promise.withResolvers<void>();
  let times = 0;
  const retry = () => {
    times++;
    if (times === 2) again.resolve();
    return hanging.promise;
  };
  const retries = new Retries({ retry }, 1);
  await pause(50);
  assert.equal(times, 1);
  hanging.resolve();
  await again.promise;
  retries.stop();
});
