/** A server whose saved reservations are damaged: it goes back a generation, or serves without. */
import assert from "node:assert/strict";
import { runProgram } from "../harness/program.ts";
import { diskYaml, startTestServer, type TestServer } from "../harness/server.ts";
import { openReady } from "../harness/sessions.ts";
import { parseKeys, PrIn, prIn, prList, PrOut, prOut } from "../initiator/reservations.ts";

const YAML = diskYaml([{ name: "disk", size: "1MiB" }]);

/** Runs a server that is told to keep two registrations, the second instead of the first. */
async function registerTwice(dir: string): Promise<void> {
  await using server = await startTestServer(YAML, { dir });
  await using session = await openReady(server);
  for (const actionKey of [1n, 2n]) {
    const write = prList({ actionKey, aptpl: true });
    const cdb = prOut(PrOut.REGISTER_AND_IGNORE, 0, write.length);
    assert.equal((await session.command(cdb, { write })).status, 0);
  }
}

async function withState(body: (dir: string) => Promise<void>): Promise<void> {
  const dir = await Deno.makeTempDir({ prefix: "scst_damage_" });
  try {
    await registerTwice(dir);
    await body(dir);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

Deno.test("The server goes back a generation when saved reservations are damaged, and says so", () =>
  withState(async (dir) => {
    await Deno.writeTextFile(`${dir}/pr/disk`, "rubbish");
    await using server = await startTestServer(YAML, { dir });
    await using session = await openReady(server);
    const { data } = await session.command(prIn(PrIn.READ_KEYS, 64), { read: 64 });
    assert.deepEqual(parseKeys(data).keys, [1n]);
    assert.match(
      server.stderr(),
      /Cannot use .*\/pr\/disk: it is damaged; the generation before it/,
    );
  }));

Deno.test("A disk is not served when no generation of its saved reservations is whole, and is when it is", () =>
  withState(async (dir) => {
    for (const name of ["disk", "disk.1"]) {
      await Deno.rename(`${dir}/pr/${name}`, `${dir}/pr/whole-${name}`);
      await Deno.writeTextFile(`${dir}/pr/${name}`, "rubbish");
    }
    await using server = await startTestServer(YAML, { dir });
    assert.match(server.stderr(), /^error device 'disk' .*Cannot use .*\/pr\/disk: it is damaged/m);
    const before = await runProgram(["lun", "list", "--json"], {
      env: { SCST_CONTROL: `${dir}/control` },
    });
    assert.equal(JSON.parse(before.stdout).length, 1, "the LUN stays in the configuration");
    await assert.rejects(openReady(server), "nobody gets in to a target without a LUN");
    for (const name of ["disk", "disk.1"]) {
      await Deno.rename(`${dir}/pr/whole-${name}`, `${dir}/pr/${name}`);
    }
    await untilLogged(server, /^info device 'disk' can be used now$/m);
    await using session = await openReady(server);
    const { data } = await session.command(prIn(PrIn.READ_KEYS, 64), { read: 64 });
    assert.deepEqual(parseKeys(data).keys, [2n]);
  }));

async function untilLogged(server: TestServer, pattern: RegExp): Promise<void> {
  for (let turn = 0; turn < 600 && !pattern.test(server.stderr()); turn++) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.match(server.stderr(), pattern);
}

Deno.test("A disk is not served with reservations that a newer version has saved, which stay", () =>
  withState(async (dir) => {
    const saved = await Deno.readTextFile(`${dir}/pr/disk`);
    const newer = saved.replace(/^scst-state 1 /, "scst-state 2 ");
    await Deno.writeTextFile(`${dir}/pr/disk`, newer);
    await using server = await startTestServer(YAML, { dir });
    assert.match(
      server.stderr(),
      /^error device 'disk' is not served: .*\/pr\/disk: a newer scst wrote it \(format 2; this one knows 1\)$/m,
    );
    await assert.rejects(openReady(server), "nobody gets in to a target without a LUN");
    assert.equal(await Deno.readTextFile(`${dir}/pr/disk`), newer);
  }));

Deno.test("A server does not start with ids that a newer version has saved, in one sentence", () =>
  withState(async (dir) => {
    const newer = JSON.stringify({ version: 2, disks: [] });
    await Deno.writeTextFile(`${dir}/ids.json`, newer);
    const args = ["serve", "--config", `${dir}/scst.yaml`, "--state", dir];
    const { code, stderr } = await runProgram(args);
    assert.equal(code, 1);
    assert.match(
      stderr,
      /^error Cannot use the saved device ids in \S+: a newer scst wrote it \(format 2; this one knows 1\); run that one, or restore the file that this one had\n$/,
    );
    assert.equal(await Deno.readTextFile(`${dir}/ids.json`), newer);
  }));
