/** `scst status`: what it says of a server, on one screen. */
import assert from "node:assert/strict";
import { Errno } from "../../ffi/errno.ts";
import { Administration } from "../../lib/admin/administration.ts";
import type { DeviceView, Outcome } from "../../lib/admin/engine.ts";
import { SocketTreeClient } from "../../lib/cli/connect_tree.ts";
import { LogHistory } from "../../lib/admin/log_history.ts";
import { type ServerStatus, serverStatus } from "../../lib/admin/status.ts";
import { roundedSize, spanText, statusText } from "../../lib/cli/status_text.ts";
import type { Feed } from "../../lib/metrics/feed.ts";
import type { TargetModel } from "../../lib/scst/model.ts";
import { IoOperation } from "../../lib/store/io_request.ts";
import { StoreErrors } from "../../lib/vdisk/store_errors.ts";
import { deviceModel, DeviceRig, resultOf } from "../harness/device_rig.ts";
import { FaultyPool } from "../harness/faulty_pool.ts";
import { type ProgramResult, runProgram } from "../harness/program.ts";
import { RecordingEngine } from "../harness/recording_engine.ts";
import { targetModel } from "../harness/regroup_rig.ts";
import { startTestServer, type TestServer } from "../harness/server.ts";
import { openReady } from "../harness/sessions.ts";
import { sessionView } from "../harness/session_view.ts";
import { EMPTY_MODEL } from "../harness/tree_shell.ts";
import { readBlocks, writeBlocks } from "../harness/block_io.ts";

const SECRET = "what joe alone knows";
const T0 = Date.UTC(2026, 10, 26, 12, 0, 0);

function status(server: TestServer, ...args: string[]): Promise<ProgramResult> {
  return runProgram(["status", ...args], { env: { SCST_CONTROL: `${server.dir}/control` } });
}

async function statusJson(server: TestServer): Promise<ServerStatus> {
  return JSON.parse((await status(server, "--json")).stdout);
}

Deno.test("one broken device disables itself at the start, and scst status and the log name it", async () => {
  await using server = await startTestServer((dir) => `
portals: ["127.0.0.1:0"]
devices:
  disk1: { handler: vdisk_nullio, size: 1GiB, thin_provisioned: true }
  gone: { handler: vdisk_fileio, filename: ${dir}/gone.img, write_through: true }
  nv: { handler: vdisk_fileio, filename: ${dir}/scst.yaml, size: 512, nv_cache: true }
  cd: { handler: vcdrom }
targets:
  iqn.2026-11.org.example:disk1: { luns: { 0: disk1, 1: gone } }
  iqn.2026-11.org.example:kept:
    IncomingUser: { joe: "${SECRET}" }
    luns: {}
    ini_groups: { g: { initiators: ["*"], luns: { 0: disk1 } } }
  iqn.2026-11.org.example:off: { enabled: false, luns: { 0: disk1 } }
  iqn.2026-11.org.example:bare: { luns: {} }
`);
  await using session = await openReady(server);
  await readBlocks(session, 0, 8);
  await writeBlocks(session, 8, new Uint8Array(1024));

  const text = await status(server);
  assert.equal(text.code, 1, text.stderr);
  const why = `Cannot open '${server.dir}/gone.img' for reading and writing: no such file`;
  assert.match(text.stdout, /^scst \d\S* process \d+, up \d+ s: something is BROKEN\nportals: /);
  assert.match(text.stdout, new RegExp(`^BROKEN\n  device gone: ${why}.* \\(since 20.*Z\\)$`, "m"));
  assert.match(text.stdout, /^AT RISK\n {2}device 'nv' has nv_cache: nothing is flushed$/m);
  assert.match(text.stdout, /^gone +BROKEN +- +write_through +no +1 +vdisk_fileio$/m);
  assert.match(text.stdout, /^disk1 +active +1\.00 GiB +write_back +yes +3 +vdisk_nullio$/m);
  assert.match(text.stdout, /^cd +empty +- +read_only /m);
  assert.match(text.stdout, /:disk1 +2 +0 +1 +yes$/m);
  assert.match(text.stdout, /:kept +0\+1 +1 +0 +yes$/m);
  assert.match(text.stdout, /:off .* no: it is not enabled$/m);
  assert.match(text.stdout, /:bare .* no: it has no LUN$/m);
  assert.match(
    text.stdout,
    /^iqn\S+ +127\.0\.0\.1:\d+ +\S+:disk1 +0 +1 +4\.00 KiB +1 +1\.00 KiB$/m,
  );
  assert.match(text.stdout, new RegExp(`^  20.*Z error: device 'gone' is not served: ${why}`, "m"));
  assert.match(server.stderr(), new RegExp(`^error device 'gone' is not served: ${why}`, "m"));
  assert.match(text.stdout, /^ {2}20.*Z warning: device 'nv' has nv_cache/m);

  const found = await statusJson(server);
  assert.deepEqual([found.healthy, found.pid], [false, server.pid]);
  assert.deepEqual(found.portals, [`127.0.0.1:${server.port}`]);
  const gone = found.devices.find(({ device }) => device === "gone")!;
  assert.equal(gone.state, "broken");
  assert.match(gone.trouble!.reason, /no such file/);
  assert.equal(typeof gone.trouble!.tries, "number");
  assert.equal(found.sessions[0]!.read_bytes, 4096);
  assert.equal(found.sessions[0]!.written_bytes, 1024);
  // The status page says the same of them.
  const tree = new SocketTreeClient(`${server.dir}/control`);
  const { problems, risks } = await tree.getJson<Feed>("feed");
  assert.deepEqual([found.problems.length, found.risks.length], [1, 1]);
  assert.deepEqual({ problems, risks }, { problems: found.problems, risks: found.risks });
  for (const said of [text.stdout, JSON.stringify(found)]) assert(!said.includes(SECRET));

  // What was configured of the broken device is all there when its file is.
  await Deno.writeFile(`${server.dir}/gone.img`, new Uint8Array(8192));
  const env = { SCST_CONTROL: `${server.dir}/control` };
  assert.equal((await runProgram(["device", "set", "gone", "active=1"], { env })).code, 0);
  const mended = await status(server);
  assert.equal(mended.code, 0);
  assert.match(mended.stdout, /: healthy\n/);
  assert.doesNotMatch(mended.stdout, /^BROKEN/m);
  assert.match(mended.stdout, /^gone +active +8\.00 KiB +write_through /m);
});

Deno.test("scst status has an exit code of its own where no server answers", async () => {
  const { code, stderr } = await runProgram(["status", "--socket", "/nonexistent/control"]);
  assert.equal(code, 4);
  assert.match(stderr, /^error There is no server: /);
  const help = (await runProgram(["help", "status"])).stdout;
  assert.match(
    help,
    /exit code is 0 .* 1 where something is broken,\n.* 4 where no server answers/,
  );
});

Deno.test("/status takes no path and no query", async () => {
  await using server = await startTestServer('portals: ["127.0.0.1:0"]\n');
  const tree = new SocketTreeClient(`${server.dir}/control`);
  for (const [target, errno] of [["status/x", "ENOENT"], ["status?x", "EINVAL"]] as const) {
    await assert.rejects(tree.get(target), { name: "TreeError", errno });
  }
});

Deno.test("a device that could not flush is broken, with when that was, until it is opened anew", () => {
  using pool = new FaultyPool();
  using rig = new DeviceRig(pool);
  const filename = rig.file(8192);
  rig.devices.add(deviceModel("disk1", { filename }), () => {});
  const view = () => rig.devices.views.get("disk1")!;
  const { size, writeThrough, failure: none } = view();
  assert.deepEqual([size, writeThrough, none], [8192, false, undefined]);

  pool.failures.set(IoOperation.SYNC, Errno.EIO);
  const begun = Date.now();
  assert.equal(resultOf((done) => rig.devices.get("disk1").sync(done)).state, "refused");
  pool.failures.clear();
  const { failure } = view();
  assert.match(failure!.problem, /^failed to flush: .*\(EIO\)$/);
  assert(failure!.at >= begun && failure!.at <= Date.now());

  for (const active of [false, true]) {
    const model = deviceModel("disk1", { filename, active });
    assert.equal(
      resultOf((done) => rig.devices.get("disk1").change(model, done)).state,
      "done",
    );
  }
  assert.equal(view().failure, undefined);
});

/** An engine that has devices to tell of, and enables no target as long as it is told so. */
class WatchedEngine extends RecordingEngine {
  views = new Map<string, DeviceView>();
  isStubborn = false;
  override readonly deviceViews = () => Promise.resolve(this.views);
  override readonly session = (sid: string) =>
    Promise.resolve(this.sessions.find((one) => one.sid === sid));
  override readonly setTarget = ({ attributes }: TargetModel): Outcome =>
    Promise.resolve(
      this.isStubborn && attributes.enabled
        ? { errno: "EINVAL", message: "Its number is taken" }
        : undefined,
    );
}

Deno.test("one target that cannot be enabled is there without being so, and is tried again", async () => {
  let now = T0;
  const engine = new WatchedEngine();
  const administration = new Administration(engine, EMPTY_MODEL, () => now);
  const history = new LogHistory();
  const wanted = { ...EMPTY_MODEL, targets: [targetModel("")] };
  const { name } = wanted.targets[0]!;
  engine.isStubborn = true;
  const refused: string[] = [];
  await administration.apply(() => wanted, ({ what }, refusal) => {
    if (refusal !== undefined) refused.push(`${what}: ${refusal.message}`);
  });
  assert.deepEqual(refused, [`add target ${name}: Its number is taken`]);
  assert.equal(administration.model.targets[0]!.attributes.enabled, false);
  assert.equal(administration.savedModel.targets[0]!.attributes.enabled, true);

  now += 10_000;
  const heard: string[] = [];
  await administration.retry((what) => heard.push(what));
  const found = await serverStatus(administration, { started: T0, history }, now);
  assert.equal(heard.length, 0);
  assert.deepEqual(found.problems, [`target '${name}': Its number is taken`]);
  assert.equal(found.targets[0]!.closed, "it could not be enabled");
  assert.deepEqual(found.targets[0]!.trouble, {
    reason: "Its number is taken",
    since: "2026-11-26T12:00:00.000Z",
    tried: "2026-11-26T12:00:10.000Z",
    tries: 2,
  });
  assert.match(
    statusText(found),
    /Its number is taken \(since 2026-11-26T12:00:00Z, tried 2 times, last 2026-11-26T12:00:10Z\)/,
  );

  engine.isStubborn = false;
  await administration.retry((what) => heard.push(what));
  assert.deepEqual(heard, [`target '${name}'`]);
  assert.equal(administration.model.targets[0]!.attributes.enabled, true);
  assert((await serverStatus(administration, { started: T0, history }, now)).healthy);
});

Deno.test("scst status is one screen, however much there is, and what is broken comes first", async () => {
  const engine = new WatchedEngine();
  const names = Array.from({ length: 1000 }, (_, index) => `d${index}`);
  const target = targetModel("");
  engine.sessions.push(...names.map((name) => sessionView(`iqn.x:${name}`, target.name)));
  const failure = { problem: "failed to flush: it is gone", at: T0 };
  const errors = new StoreErrors(() => {}).counts;
  engine.views = new Map(names.map((name) => [name, {
    size: 2 ** 30,
    writeThrough: false,
    health: { hasLost: name === "d700", failures: 0, errors },
    ...(name === "d700" ? { failure } : {}),
  }]));
  const model = {
    ...EMPTY_MODEL,
    devices: names.map((name) => deviceModel(name)),
    targets: names.map((name) => ({ ...target, name: `${target.name}.${name}` })),
  };
  const history = new LogHistory(() => T0);
  for (const name of names) history.note("warning", `${name} is slow\nerror forged`);
  history.note("info", "all is well");
  const found = await serverStatus(
    new Administration(engine, model),
    { started: T0, history },
    T0 + 3 * 86400_000 + 4 * 3600_000 + 5 * 60_000,
  );
  assert.deepEqual(found.problems, [
    "device 'd700': It failed to flush: it is gone; reads and writes are refused until it is opened " +
    "again (write 0, then 1 to its active)",
  ]);
  const lines = statusText(found).split("\n");
  assert(lines.length <= 50, `${lines.length} lines`);
  assert.match(lines[0]!, /, up 3 d 04:05: something is BROKEN$/);
  assert.equal(lines[2], "1000 targets, 1000 devices, 1000 sessions");
  assert.match(lines.find((line) => line.startsWith("d"))!, /^d700 +BROKEN /);
  assert(lines.includes("... and 992 more: scst device list"));
  assert(lines.includes("... and 992 more: scst session list"));
  assert.equal(lines.at(-1), "  2026-11-26T12:00:00Z warning: d999 is slow error forged");
  // In a terminal nothing of it scrolls away, and lines are not broken in the middle of a table.
  for (const [columns, rows] of [[80, 24], [100, 40], [200, 60]] as const) {
    const shown = statusText(found, { columns, rows }).split("\n");
    const height = shown.reduce(
      (sum, line) => sum + Math.max(1, Math.ceil(line.length / columns)),
      0,
    );
    assert(height < rows, `${columns} x ${rows}: ${height} lines`);
    const table = shown.filter((line) => /^(\.\.|d\d|iqn|[A-Z]+ {2})/.test(line));
    assert(table.length >= 6 && table.every((line) => line.length <= columns), table.join("\n"));
    assert.match(shown.find((line) => line.startsWith("d"))!, /^d700 +BROKEN /);
    assert.match(shown.join("\n"), /^ {2}device d700: It failed to flush/m);
  }
  assert.equal(found.warnings.length, 50);
  assert.equal(found.sessions.length, 1000);
});

Deno.test("scst status says which disk does not answer, and since when", async () => {
  const engine = new WatchedEngine();
  const errors = new StoreErrors(() => {}).counts;
  engine.views = new Map([["disk1", {
    size: 2 ** 30,
    writeThrough: false,
    unanswered: { name: "READ(16)", at: T0 },
    health: { hasLost: false, failures: 0, errors },
  }]]);
  const model = { ...EMPTY_MODEL, devices: [deviceModel("disk1")] };
  const sources = { started: T0, history: new LogHistory() };
  const found = await serverStatus(new Administration(engine, model), sources, T0 + 60_000);
  assert(!found.healthy);
  assert.deepEqual(found.problems, ["device 'disk1': It does not answer: READ(16) is under way"]);
  assert.match(
    statusText(found),
    /^ {2}device disk1: It does not answer: READ\(16\) is under way \(since 2026-11-26T12:00:00Z\)$/m,
  );
});

Deno.test("sizes and spans are short", () => {
  const sizes: [number, string][] = [
    [0, "0 B"],
    [999, "999 B"],
    [1000, "0.98 KiB"],
    [1024, "1.00 KiB"],
    [10230, "9.99 KiB"],
    [10240, "10.0 KiB"],
    [102400, "100 KiB"],
    [1023.9 * 1024, "1.00 MiB"],
    [5 * 2 ** 39, "2.50 TiB"],
    [2 ** 63, "8.00 EiB"],
  ];
  for (const [bytes, text] of sizes) assert.equal(roundedSize(bytes), text);
  const spans: [number, string][] = [
    [0, "0 s"],
    [119, "119 s"],
    [120, "00:02"],
    [86399, "23:59"],
    [86400, "1 d 00:00"],
  ];
  for (const [seconds, text] of spans) assert.equal(spanText(seconds), text);
});
