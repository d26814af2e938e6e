/** The README's example is a configuration that the program takes, and its commands exist. */
import assert from "node:assert/strict";
import { runProgram } from "../harness/program.ts";
import { programCommand } from "../harness/server.ts";
import manifest from "../../deno.json" with { type: "json" };

const README = Deno.readTextFileSync(new URL("../../README.md", import.meta.url));

Deno.test("the README's configuration is valid", async () => {
  const [, yaml] = /^```yaml\n([\s\S]*?)^```$/m.exec(README) ?? [];
  assert.ok(yaml !== undefined);
  const dir = await Deno.makeTempDir({ prefix: "scst_test_" });
  try {
    await Deno.writeTextFile(`${dir}/disks.yaml`, yaml);
    const { code, stdout, stderr } = await runProgram(["check", `${dir}/disks.yaml`]);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /is valid: 1 portal, 1 device, 1 target, 1 LUN/);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("every task that the README names is in deno.json", () => {
  const named = [...README.matchAll(/\btask (\w+)/g)].map(([, name]) => name ?? "");
  assert.ok(named.length > 5);
  assert.deepEqual(named.filter((name) => !Object.hasOwn(manifest.tasks, name)), []);
});

Deno.test("the tasks demo and serve and the tests run with the same permissions", () => {
  const flags = (command: string) =>
    command.split(" ").filter((word) => /^--(allow-|no-prompt)/.test(word)).sort();
  const served = flags(manifest.tasks.serve.command);
  assert.deepEqual(flags(manifest.tasks.demo.command), served);
  assert.ok(!served.includes("--allow-all"));
  if (!Deno.env.get("SCST_BIN")) {
    assert.deepEqual(flags(programCommand([])[1].join(" ")), served);
  }
});
