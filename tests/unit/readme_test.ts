/** The README's examples are configurations that the program takes, and its commands exist. */
import assert from "node:assert/strict";
import { runProgram } from "../harness/program.ts";
import { programCommand } from "../harness/server.ts";
import { common } from "../../lib/config/attribute.ts";
import { ERROR_KINDS } from "../../lib/vdisk/errno_sense.ts";
import { TARGET } from "../../lib/config/target.ts";
import { commandsIn, installationIn } from "../vm/transcript.ts";
import manifest from "../../deno.json" with { type: "json" };

const README = Deno.readTextFileSync(new URL("../../README.md", import.meta.url));

Deno.test("the README's configurations are valid, and what it says of them is so", async () => {
  const blocks = [...README.matchAll(/^```yaml\n# (\S+)\n([\s\S]*?)^```$/gm)];
  const dir = await Deno.makeTempDir({ prefix: "scst_test_" });
  const run = (args: readonly string[]) => runProgram(args, { cwd: dir });
  try {
    for (const [, name, yaml = ""] of blocks) {
      await Deno.writeTextFile(`${dir}/${name}`, yaml, { mode: 0o600 });
    }
    const { stdout, stderr } = await run(["check", "disks.yaml"]);
    assert.match(stdout, /is valid: 1 portal, 1 device, 1 target, 1 LUN/, stderr);
    assert.match((await run(["check", "shared.yaml"])).stdout, /is valid: 3 portals, .* 3 LUNs/);
    assert.match((await run(["check", "paths.yaml"])).stdout, /is valid: 1 portal, .* 2 LUNs/);
    assert.match((await run(["check", "isns.yaml"])).stdout, /is valid: 1 portal, .* 1 LUN/);
    assert.match((await run(["check", "faults.yaml"])).stdout, /is valid: 1 portal, .* 1 LUN/);
    const users = await run(["check", "users.yaml"]);
    assert.match(users.stdout, /is valid: 1 portal, 1 device, 1 target, 1 LUN/, users.stderr);
    assert.equal(users.stderr, "");
    const command = /^ {4}deno run -A main\.ts (why .*)$/m.exec(README)?.[1]?.split(" ") ?? [];
    const why = await run(command);
    assert.match(why.stdout, /: allowed\n/);
    assert.equal(why.code, 0);
    const others = command.map((word) => word.replace("node7", "node17"));
    assert.equal((await run(others)).code, 3);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("the README names every key of a target", () => {
  for (const key of common(TARGET)) assert.ok(README.includes(`\`${key}\``), key);
});

Deno.test("the README says what each kind of errors of a store is to an initiator", () => {
  for (const kind of ERROR_KINDS) assert.match(README, new RegExp(`^\\|.*\`${kind}\`.*\\|$`, "m"));
});

Deno.test("the transcript of an installation has the README's two commands, one after the other", async () => {
  const page = new URL("../../docs/install-transcript.md", import.meta.url);
  const typed = commandsIn(await Deno.readTextFile(page));
  const [first, second, ...more] = installationIn(README);
  assert.ok(first !== undefined && second !== undefined);
  assert.deepEqual(more, []);
  assert.equal(typed[typed.indexOf(first) + 1], second);
});

Deno.test("every task that the README names is in deno.json", () => {
  const named = [...README.matchAll(/\btask (\w+)/g)].map(([, name]) => name ?? "");
  assert.ok(named.length > 5);
  assert.deepEqual(named.filter((name) => !Object.hasOwn(manifest.tasks, name)), []);
});

Deno.test("every test that the README's promises name is there", () => {
  const [, promises = ""] = /^## What survives what$([^]*?)^## /m.exec(README) ?? [];
  const rows = [...promises.matchAll(/^\|.*\|$/gm)].slice(2).map(([row]) => row);
  assert.ok(rows.length >= 16, `${rows.length} promises`);
  const folder = new URL("../faults/", import.meta.url);
  const sources = [...Deno.readDirSync(folder)]
    .map(({ name }) => Deno.readTextFileSync(new URL(name, folder)));
  for (const row of rows) {
    const name = /("[^"]+") +\|$/.exec(row)?.[1];
    assert.ok(name !== undefined, `no test is named: ${row}`);
    assert.ok(sources.some((source) => source.includes(`${name},`)), `there is no test ${name}`);
  }
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
