import assert from "node:assert/strict";
import { Failure } from "../../lib/cli/failure.ts";
import { stopInOrder } from "../../lib/cli/run.ts";
import { type RunningProgram, spawnProgram } from "../harness/program.ts";

/** A process that obeys the signals of a server and then does not come to an end. */
function spawnHanging(): RunningProgram {
  const signals = new URL("../../lib/cli/signals.ts", import.meta.url).href;
  const logging = new URL("../../lib/log.ts", import.meta.url).href;
  const config = new URL("../../deno.json", import.meta.url).pathname;
  const program = `
    import { onHangup, stopRequested } from "${signals}";
    import { configureLog, log } from "${logging}";
    configureLog();
    const stop = stopRequested();
    onHangup(() => log("info", "heard"));
    log("info", "up");
    log("info", "got " + await stop);
    setInterval(() => {}, 1000);`;
  return spawnProgram([], {}, [Deno.execPath(), ["eval", "--quiet", "--config", config, program]]);
}

Deno.test("stopRequested() exits at once at a second signal, with its number", async () => {
  const table: [Deno.Signal, Deno.Signal, number][] = [
    ["SIGTERM", "SIGTERM", 143],
    ["SIGTERM", "SIGINT", 130],
    ["SIGINT", "SIGTERM", 143],
  ];
  for (const [first, second, code] of table) {
    await using program = spawnHanging();
    await program.saw(/^info up$/m);
    program.kill(first);
    await program.saw(new RegExp(`^info got ${first}$`, "m"));
    program.kill(second);
    const result = await program.result;
    assert.equal(result.code, code);
    assert.match(
      result.stderr,
      new RegExp(`^warning ${second} after ${first}: exiting at once$`, "m"),
    );
  }
});

Deno.test("stopRequested() gives a stop that does not end less than five seconds", async () => {
  await using program = spawnHanging();
  await program.saw(/^info up$/m);
  const begin = performance.now();
  program.kill("SIGTERM");
  const { code, stderr } = await program.result;
  const elapsed = performance.now() - begin;
  assert.equal(code, 1);
  assert.match(stderr, /^error Cannot stop within 4500 ms: exiting without waiting any longer$/m);
  assert.ok(elapsed > 4000 && elapsed < 5000, `${elapsed} ms`);
});

Deno.test("onHangup() hears of every SIGHUP, and it is no end", async () => {
  await using program = spawnHanging();
  await program.saw(/^info up$/m);
  program.kill("SIGHUP");
  await program.saw(/^info heard$/m);
  program.kill("SIGHUP");
  await program.saw(/^info heard\ninfo heard$/m);
  program.kill("SIGTERM");
  await program.saw(/^info got SIGTERM$/m);
});

Deno.test("stopInOrder() says what could not be flushed", async () => {
  const stop = () => Promise.reject(new Error("device disk1: fdatasync failed with EIO"));
  await assert.rejects(stopInOrder({ stop }), (error) => {
    assert.ok(error instanceof Failure);
    assert.equal(error.message, "Cannot stop in order: device disk1: fdatasync failed with EIO");
    return true;
  });
});
