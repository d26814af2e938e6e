/** `deno task fuzz` for a few seconds, with another seed each time. */
import assert from "node:assert/strict";
import { spawnProgram } from "../harness/program.ts";
import { testSeed } from "../harness/random.ts";
import { within } from "../initiator/within.ts";

const FUZZ = new URL("../fuzz/fuzz.ts", import.meta.url).pathname;
/** A hang is noticed by the fuzzer itself after half a minute. */
const LIMIT_MS = 120_000;

async function fuzz(...options: string[]) {
  const args = ["run", "--quiet", "--no-check", "-A", "--v8-flags=--expose-gc", FUZZ, ...options];
  await using program = spawnProgram([], {}, [Deno.execPath(), args]);
  return await within(
    program.result,
    LIMIT_MS,
    () => new Error(`The fuzzer does not end: ${program.stdout()}${program.stderr()}`),
  );
}

Deno.test("mutated logins, PDUs and connections harm nobody", async () => {
  const amounts = ["--logins", "10000", "--pdus", "7000", "--connections", "200"];
  const { code, stdout, stderr } = await fuzz("--seed", String(testSeed()), ...amounts);
  assert.equal(code, 0, stdout + stderr);
  const count = (pattern: RegExp) => Number(pattern.exec(stdout)?.[1]);
  assert(count(/^logins: (\d+) mutated logins/m) >= 10_000, stdout);
  assert(count(/^pdus: (\d+) mutated PDUs/m) >= 7_000, stdout);
  assert.equal(count(/^connections: (\d+) through TCP/m), 200, stdout);
  for (const served of stdout.matchAll(/the bystander had (\d+)/g)) assert(Number(served[1]) > 0);
});

Deno.test("the fuzzer says what its options are to be", async () => {
  const wrong: Readonly<Record<string, RegExp>> = {
    "--seed=x": /^error --seed wants a number, not "x"$/m,
    "--only=all": /^error --only wants logins or pdus, not "all"$/m,
    "--fast": /^error Unknown option '--fast'/m,
  };
  for (const [option, message] of Object.entries(wrong)) {
    const { code, stdout } = await fuzz(option);
    assert.match(stdout, message);
    assert.equal(code, 2);
  }
});
