import assert from "node:assert/strict";
import { ipv6Test } from "../harness/ipv6.ts";
import { type ProgramOptions, runProgram, spawnProgram } from "../harness/program.ts";

const TARGET = "iqn.2026-11.org.example:disk";

async function withDir(action: (dir: string) => Promise<void>): Promise<void> {
  const dir = await Deno.makeTempDir();
  try {
    await action(dir);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

/** Writes a configuration with one device of `attributes` and gives the arguments that serve it. */
async function configure(
  dir: string,
  attributes: string,
  portals = "127.0.0.1:0",
): Promise<string[]> {
  const path = `${dir}/scst.yaml`;
  const targets = `{${TARGET}: {luns: {0: disk}}}`;
  await Deno.writeTextFile(
    path,
    `portals: [${portals}]\ndevices:\n  disk: {${attributes}}\ntargets: ${targets}\n`,
  );
  return ["serve", "--config", path, "--state", `${dir}/state`];
}

async function errorsOf(args: string[], options: ProgramOptions = {}): Promise<string> {
  const { code, stdout, stderr } = await runProgram(args, options);
  assert.equal(code, 1, stderr);
  assert.equal(stdout, "");
  return stderr.split("\n").filter((line) => line.startsWith("error ")).join("\n");
}

Deno.test("scst serve announces its portal and ends with 0 in under five seconds", async () => {
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    await withDir(async (dir) => {
      await using server = spawnProgram(await configure(dir, "handler: vdisk_nullio"));
      await server.saw(/^listening on 127\.0\.0\.1:[1-9]\d*$/m);
      const begin = performance.now();
      server.kill(signal);
      const { code, stderr } = await server.result;
      assert.equal(code, 0, stderr);
      assert.ok(performance.now() - begin < 5000);
      assert.match(stderr, new RegExp(`^info ${signal}: stopping$`, "m"));
      assert.doesNotMatch(stderr, /^(?:error|warning) /m);
    });
  }
});

Deno.test("scst serve lives on after SIGHUP", () =>
  withDir(async (dir) => {
    await using server = spawnProgram(await configure(dir, "handler: vdisk_nullio"));
    await server.saw(/^listening on /m);
    server.kill("SIGHUP");
    await server.saw(/^info the configuration has not changed$/m);
    const port = Number(/:(\d+)$/m.exec(server.stdout())?.[1]);
    (await Deno.connect({ hostname: "127.0.0.1", port })).close();
    server.kill("SIGTERM");
    assert.equal((await server.result).code, 0);
  }));

ipv6Test("scst serve announces every portal, IPv6 in brackets", () =>
  withDir(async (dir) => {
    const args = await configure(dir, "handler: vdisk_nullio", '127.0.0.1:0, "[::1]:0"');
    await using server = spawnProgram(args);
    await server.saw(/^listening on 127\.0\.0\.1:\d+\nlistening on \[::1\]:\d+\n/);
  }));

Deno.test("scst serve says in one line what is wrong with a backing file, and serves the rest", () =>
  withDir(async (dir) => {
    await Deno.writeTextFile(`${dir}/odd`, "x".repeat(1000));
    await Deno.writeTextFile(`${dir}/small`, "x".repeat(512));
    await Deno.writeTextFile(`${dir}/empty`, "");
    await Deno.writeTextFile(`${dir}/secret`, "x".repeat(512), { mode: 0 });
    const table: [string, RegExp][] = [
      [`filename: ${dir}/none`, /none\b.*no such file/i],
      [`filename: ${dir}`, /\bis a directory|not a regular file/i],
      [`filename: ${dir}/odd`, /odd\b.*\b1000\b/],
      [`filename: ${dir}/small, size: 1MiB`, /small\b.*too small/],
      [`filename: ${dir}/empty`, /empty\b/],
      [`filename: ${dir}/secret`, /secret\b.*permission denied/i],
    ];
    for (const [attributes, fault] of table) {
      const args = await configure(dir, `handler: vdisk_fileio, ${attributes}`);
      await using server = spawnProgram(args, { unprivileged: true });
      await server.saw(/^listening on /m);
      const errors = server.stderr().split("\n").filter((line) => line.startsWith("error "));
      assert.equal(errors.length, 1, server.stderr());
      assert.match(errors[0]!, /^error device 'disk' is not served: /);
      assert.match(errors[0]!, fault);
      server.kill("SIGTERM");
      assert.equal((await server.result).code, 0);
    }
  }));

Deno.test("scst serve says in one line that a portal cannot be had", () =>
  withDir(async (dir) => {
    using busy = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const portal = `127.0.0.1:${(busy.addr as Deno.NetAddr).port}`;
    const inUse = await errorsOf(await configure(dir, "handler: vdisk_nullio", portal));
    assert.match(inUse, new RegExp(`^error .*${portal}.*in use`));
    // TEST-NET-1 of RFC 5737 is nobody's address.
    const foreign = await errorsOf(await configure(dir, "handler: vdisk_nullio", "192.0.2.1:0"));
    assert.match(foreign, /^error .*192\.0\.2\.1/);
    for (const errors of [inUse, foreign]) assert.equal(errors.split("\n").length, 1, errors);
  }));

Deno.test("scst serve starts nothing with an invalid configuration", () =>
  withDir(async (dir) => {
    const errors = await errorsOf(await configure(dir, "handler: vdisk_nullio, size: 1"));
    assert.match(errors, /^error \S+scst\.yaml:3:39: devices\.disk\.size must be a multiple of /);
    assert.throws(() => Deno.statSync(`${dir}/state`), Deno.errors.NotFound);
  }));

Deno.test("scst serve does not start with saved ids that it cannot understand", () =>
  withDir(async (dir) => {
    const args = await configure(dir, "handler: vdisk_nullio");
    await Deno.mkdir(`${dir}/state`);
    await Deno.writeTextFile(`${dir}/state/ids.json`, "{");
    assert.match(
      await errorsOf(args),
      /^error Cannot use the saved device ids in \S+: it is not JSON; /,
    );
    assert.equal(await Deno.readTextFile(`${dir}/state/ids.json`), "{");
  }));

Deno.test("scst serve --group says who may use the control socket, and knows who there is", () =>
  withDir(async (dir) => {
    const args = await configure(dir, "handler: vdisk_nullio");
    const control = `${dir}/control`;
    const gid = Deno.uid() === 0 ? 1 : Deno.gid()!;
    await using server = spawnProgram([...args, "--control", control, "--group", `${gid}`]);
    await server.saw(/^listening on /m);
    const { mode, gid: found } = Deno.statSync(control);
    assert.deepEqual([mode! & 0o777, found], [0o660, gid]);
    const errors = await errorsOf([...args, "--group", "no-such-group"]);
    assert.match(errors, /^error There is no group ["']no-such-group["'] in \/etc\/group$/);
  }));
