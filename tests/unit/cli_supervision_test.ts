/** What systemd hears of `scst serve`. */
import assert from "node:assert/strict";
import { type Datagrams, receiveDatagrams } from "../harness/datagrams.ts";
import { type RunningProgram, runProgram, spawnProgram } from "../harness/program.ts";
import { DATA_THREAD, STOP_THREAD } from "../harness/stop_thread.ts";

const TARGETS = "targets: {iqn.2026-11.org.example:disk: {luns: {0: disk}}}";

function yaml(device: string, more = ""): string {
  return `portals: [127.0.0.1:0]\ndevices:\n  disk: {${device}}\n${more}${TARGETS}\n`;
}

/** A server and its service manager. */
async function supervised(
  action: (server: RunningProgram, manager: Datagrams, dir: string) => Promise<void>,
  env: Record<string, string> = {},
): Promise<void> {
  const dir = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${dir}/scst.yaml`, yaml("handler: vdisk_nullio"));
    const socket = `${dir}/notify`;
    await using manager = await receiveDatagrams(socket);
    await using server = spawnProgram(
      ["serve", "--config", `${dir}/scst.yaml`, "--state", `${dir}/state`],
      { env: { NOTIFY_SOCKET: socket, SCST_CONTROL: `${dir}/control`, ...env } },
    );
    await action(server, manager, dir);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

Deno.test("scst serve tells systemd of its start, its reloads and its stop", () =>
  supervised(async (server, manager, dir) => {
    await manager.saw(/READY=1/);
    // Whoever is told so can connect.
    const port = Number(/^listening on 127\.0\.0\.1:(\d+)$/m.exec(server.stdout())?.[1]);
    (await Deno.connect({ hostname: "127.0.0.1", port })).close();
    const more = "  two: {handler: vdisk_nullio}\n";
    await Deno.writeTextFile(`${dir}/scst.yaml`, yaml("handler: vdisk_nullio", more));
    const begin = performance.now();
    server.kill("SIGHUP");
    await manager.saw(/RELOADING=1[^]*READY=1/);
    assert.match(server.stderr(), /^info done: add device two$/m);
    server.kill("SIGTERM");
    assert.equal((await server.result).code, 0);
    await manager.saw(/STOPPING=1/);
    const [start, reload, end, stop, ...others] = manager.texts();
    const serving = `READY=1|STATUS=Serving 0 sessions on 127.0.0.1:${port}|`;
    assert.equal(start, serving);
    const [, clock] =
      /^RELOADING=1\|MONOTONIC_USEC=(\d+)\|STATUS=Reading the configuration again\|$/
        .exec(reload ?? "") ?? [];
    const uptime = Number((await Deno.readTextFile("/proc/uptime")).split(" ")[0]) * 1e6;
    const elapsed = (performance.now() - begin) * 1000;
    assert.ok(uptime - Number(clock) < elapsed + 1e6, `${clock} of ${uptime}`);
    assert.equal(end, serving);
    assert.equal(stop, "STOPPING=1|STATUS=Waiting for initiators to log out, and flushing|");
    assert.deepEqual(others, []);
  }));

Deno.test("scst serve feeds the watchdog while it runs", () =>
  supervised(async (_server, manager) => {
    await manager.saw(/(?:WATCHDOG=1\|\n[^]*){3}/);
  }, { WATCHDOG_USEC: String(8 * 1_100_000) }));

Deno.test("scst serve warns once of a service manager that is not there, and serves", () =>
  supervised(async (server) => {
    await server.saw(/^listening on /m);
    server.kill("SIGTERM");
    const { code, stderr } = await server.result;
    assert.equal(code, 0);
    const warnings = stderr.split("\n").filter((line) => line.startsWith("warning "));
    assert.deepEqual(warnings, [
      "warning Cannot tell the service manager at /none (NOTIFY_SOCKET): no such file or directory (ENOENT)",
    ]);
  }, { NOTIFY_SOCKET: "/none" }));

/** The thread of the data loop. */
function dataThread(pid: number): string {
  const threads = [...Deno.readDirSync(`/proc/${pid}/task`)].map(({ name }) => name);
  const found = threads.find((thread) =>
    Deno.readTextFileSync(`/proc/${pid}/task/${thread}/comm`) === `${DATA_THREAD}\n`
  );
  assert.ok(found);
  return found;
}

const canTrace = Deno.build.os === "linux" && Deno.build.arch === "x86_64" && Deno.uid() === 0;

Deno.test({
  name: "a data loop that is stuck starves the watchdog, though the rest of the server is lively",
  ignore: !canTrace,
  fn: () =>
    supervised(async (server, manager) => {
      const fed = () => manager.texts().filter((text) => text === "WATCHDOG=1|").length;
      await manager.saw(/READY=1[^]*WATCHDOG=1/);
      {
        const command: [string, string[]] = ["perl", ["-e", STOP_THREAD, dataThread(server.pid)]];
        await using tracer = spawnProgram([], {}, command);
        await tracer.saw(/^stopped$/m);
        await server.saw(/^error The data loop is stuck: /m);
        const before = fed();
        server.kill("SIGHUP");
        await server.saw(/^info SIGHUP: reading the configuration again$/m);
        await new Promise((resolve) => setTimeout(resolve, 3000));
        assert.equal(fed(), before);
      }
      // The thread goes on as soon as nobody traces it.
      const before = fed();
      for (let look = 0; look < 200 && fed() < before + 2; look++) {
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      assert.ok(fed() >= before + 2);
    }, { WATCHDOG_USEC: String(4 * 1_200_000) }),
});

Deno.test("scst serve refuses a time for its stop that is none", async () => {
  for (const text of ["0", "1.5", "-1", "x", "", "3601"]) {
    const { code, stderr } = await runProgram([
      "serve",
      "--config",
      "none.yaml",
      "--state",
      "/tmp",
      `--stop-within=${text}`,
    ]);
    assert.equal(code, 2);
    const allowed = "whole seconds from 1 to 3600";
    assert.equal(
      stderr,
      `error Option --stop-within must be ${allowed}, not ${JSON.stringify(text)}\n`,
    );
  }
});

Deno.test("scst reload applies what differs, and fails where that cannot be", () =>
  supervised(async (server, manager, dir) => {
    const env = { SCST_CONTROL: `${dir}/control` };
    await manager.saw(/READY=1/);
    assert.deepEqual((await runProgram(["reload"], { env })).stdout, "nothing to do\n");
    const write = (more: string) =>
      Deno.writeTextFile(`${dir}/scst.yaml`, yaml("handler: vdisk_nullio", more));
    await write(
      `  two: {handler: vdisk_nullio}\n  none: {handler: vdisk_fileio, filename: /none}\n`,
    );
    const some = await runProgram(["reload"], { env });
    assert.equal(some.code, 1);
    assert.match(some.stdout, /^add device two$/m);
    assert.match(some.stdout, /^cannot add device none: .*no such file/im);
    await write("  two: {handler: vdisk_nullio, oops: 1}\n  three: {}\n");
    const wrong = await runProgram(["reload"], { env });
    assert.equal(wrong.code, 1);
    assert.equal(wrong.stdout, "");
    assert.match(wrong.stderr, /^error EINVAL: \S+scst\.yaml:4:\d+: .*oops.*three/m);
    await server.saw(/^warning the configuration is not applied: everything stays as it is$/m);
    // Several at once are one after the other, or the same.
    await write("");
    const all = await Promise.all([1, 2, 3].map(() => runProgram(["reload"], { env })));
    assert.deepEqual(all.map(({ code }) => code), [0, 0, 0]);
    assert.ok(all.some(({ stdout }) => stdout.includes("remove device two\n")));
    const states = manager.texts().map((text) => /^\w+=1/.exec(text)?.[0]);
    assert.equal(states.at(-1), "READY=1");
  }, {}));
