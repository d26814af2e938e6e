/** What nobody catches is told of in the form of all bugs, and ends the program. */
import assert from "node:assert/strict";

const ROOT = new URL("../../", import.meta.url);

/** Runs a program that begins as main.ts does; returns its exit code and what it logs. */
async function run(body: string): Promise<[code: number, stderr: string]> {
  const path = await Deno.makeTempFile({ prefix: "scst_test_", suffix: ".ts" });
  try {
    await Deno.writeTextFile(
      path,
      `import { endAtUncaught } from "${ROOT}lib/cli/uncaught.ts";
import { configureLog } from "${ROOT}lib/log.ts";
configureLog();
endAtUncaught();
setTimeout(() => Deno.exit(0), 5000);
${body}`,
    );
    const { code, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--no-check", "-A", "--config", new URL("deno.json", ROOT).pathname, path],
      env: { NO_COLOR: "1" },
    }).output();
    return [code, new TextDecoder().decode(stderr)];
  } finally {
    await Deno.remove(path);
  }
}

for (
  const [what, body] of [
    ["an exception", `setTimeout(() => { throw new RangeError("boom"); });`],
    ["a promise that is rejected", `Promise.reject(new RangeError("boom"));`],
  ] as const
) {
  Deno.test(`${what} that nobody catches is a line of the log, and the end`, async () => {
    const [code, stderr] = await run(body);
    assert.equal(code, 70);
    assert.match(
      stderr,
      /^error bug in scst, please report it \(docs\/security\.md\): RangeError: boom +at .*\n$/,
    );
  });
}
