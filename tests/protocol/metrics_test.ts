/** Metrics of a server that runs: through its control socket, and over TCP when that was asked for. */
import assert from "node:assert/strict";
import { exchange } from "../../lib/cli/control_exchange.ts";
import type { Feed } from "../../lib/metrics/feed.ts";
import { backingFile, diskYaml, startTestServer, TARGET_NAME } from "../harness/server.ts";
import { type ParsedFamily, parseExposition } from "../harness/exposition.ts";
import { linesWith } from "../harness/log.ts";
import { runProgram } from "../harness/program.ts";
import { SessionCrowd } from "../harness/session_crowd.ts";
import { openReady } from "../harness/sessions.ts";
import { runTool, toolTest } from "../harness/tools.ts";
import { patternBytes } from "../initiator/bytes.ts";
import { read10, read16, write10 } from "../initiator/cdb.ts";
import { Session } from "../initiator/session.ts";

/** The values of a metric whose labels have all of those. */
function values(
  families: readonly ParsedFamily[],
  name: string,
  labels: Record<string, string> = {},
): number[] {
  return families.flatMap(({ samples }) => samples).filter((sample) =>
    sample.name === name &&
    Object.entries(labels).every(([label, value]) => sample.labels.get(label) === value)
  ).map(({ value }) => value);
}

Deno.test("metrics say what sessions did, of those that have ended as well", async () => {
  await using server = await startTestServer(
    (dir) => diskYaml([{ filename: backingFile(dir, "disk.img", 2 ** 20) }]),
    { args: ["--metrics", "127.0.0.1:0"] },
  );
  const [line] = await linesWith(server, /^info metrics and the status page are at /);
  const url = /http:\S+/.exec(line!)![0];
  const scrape = async (accept = "text/plain") => {
    const response = await fetch(`${url}metrics`, { headers: { accept } });
    assert.equal(response.status, 200);
    return parseExposition(await response.text());
  };
  const before = await scrape();
  assert.deepEqual(values(before, "scst_logins_total"), [0]);
  assert.deepEqual(values(before, "scst_logins_refused_total", { reason: "target_name" }), [0]);
  assert.deepEqual(values(before, "scst_device_healthy"), [1]);
  assert.deepEqual(values(before, "scst_device_cache", { mode: "write_back" }), [1]);
  assert.deepEqual(values(before, "scst_device_size_bytes"), [2 ** 20]);
  assert(values(before, "scst_resident_memory_bytes")[0]! > 2 ** 20);

  await assert.rejects(Session.open(server, { targetName: `${TARGET_NAME}.none` }));
  for (let round = 1; round <= 2; round++) {
    await using session = await openReady(server);
    await session.command(write10(0, 2), { write: patternBytes(1024, round) });
    await session.command(read10(0, 2), { read: 1024 });
    await session.command(read16(2 ** 40, 1), { read: 512 }); // beyond the end
    await new Promise((resolve) => setTimeout(resolve, 250)); // an answer is given again for 200 ms
    for (const accept of ["text/plain", "application/openmetrics-text"]) {
      const now = await scrape(accept);
      const lun = { target: TARGET_NAME, lun: "0" };
      const reads = { ...lun, direction: "read" };
      assert.deepEqual(values(now, "scst_lun_bytes_total", reads), [1024 * round]);
      assert.deepEqual(values(now, "scst_lun_bytes_total", { ...lun, direction: "write" }), [
        1024 * round,
      ]);
      assert.deepEqual(values(now, "scst_lun_latency_seconds_count", reads), [2 * round]);
      assert.deepEqual(
        values(now, "scst_lun_failed_commands_total", { ...lun, end: "illegal_request" }),
        [round],
      );
      assert.deepEqual(values(now, "scst_session_bytes_total", reads), [1024]);
      assert.deepEqual(values(now, "scst_session_latency_seconds_count", reads), [2]);
      assert.deepEqual(values(now, "scst_session_commands_under_way"), [0]);
      assert.deepEqual(values(now, "scst_target_sessions"), [1]);
      assert.deepEqual(values(now, "scst_logins_total"), [round]);
      assert.deepEqual(values(now, "scst_logins_refused_total", { reason: "target_name" }), [1]);
    }
  }
  // The control socket has the same, and the tree is not reached over TCP.
  const reply = await exchange(`${server.dir}/control`, "GET", "/feed", "");
  const feed = JSON.parse(reply!.text) as Feed;
  assert.deepEqual(feed.luns.map(({ device, figures }) => [device, figures.read.bytes]), [
    ["disk0", 2048],
  ]);
  const refused = await fetch(`${url}tree`);
  assert.equal(refused.status, 404);
  await refused.body?.cancel();
});

toolTest("promtool takes the metrics of a server that runs", ["bash", "promtool"], async () => {
  await using server = await startTestServer(
    (dir) => diskYaml([{ filename: backingFile(dir, "disk.img", 2 ** 20) }]),
  );
  await using session = await openReady(server);
  await session.command(read10(0, 2), { read: 1024 });
  const reply = await exchange(`${server.dir}/control`, "GET", "/metrics", "");
  const file = `${server.dir}/metrics.txt`;
  await Deno.writeTextFile(file, reply!.text);
  const { code, stdout, stderr } = await runTool("bash", ["-c", `promtool check metrics <${file}`]);
  assert.deepEqual([code, stdout, stderr], [0, "", ""]);
});

Deno.test("a scrape with a thousand sessions has what each of them did", async () => {
  const count = 1000;
  const load = { sessions: 100, depth: 1, seconds: 0 };
  await using server = await startTestServer(
    (dir) => diskYaml([{ filename: backingFile(dir, "disk.img", SessionCrowd.sizeOf(load)) }]),
  );
  await using crowd = await SessionCrowd.open(server, count);
  await crowd.load(load);
  const scrape = async () => {
    const reply = await exchange(`${server.dir}/control`, "GET", "/metrics", "");
    assert(reply!.text.length < 25 * 2 ** 20, `${reply!.text.length} characters`);
    return parseExposition(reply!.text);
  };
  const sum = (numbers: readonly number[]) => numbers.reduce((all, one) => all + one, 0);
  const now = await scrape();
  assert.deepEqual(values(now, "scst_target_sessions", { target: TARGET_NAME }), [count]);
  const none = values(now, "scst_session_commands_total", { direction: "none" });
  assert.equal(none.length, count);
  assert(none.every((commands) => commands > 0), "each has asked whether it is ready");
  for (const direction of ["read", "write"]) {
    const ofSessions = values(now, "scst_session_bytes_total", { direction });
    assert.equal(ofSessions.filter((bytes) => bytes === 4096).length, load.sessions);
    assert.equal(sum(ofSessions), load.sessions * 4096);
    assert.deepEqual(values(now, "scst_lun_bytes_total", { direction }), [load.sessions * 4096]);
  }
  const { code, stdout } = await runProgram(["status", "--json"], {
    env: { SCST_CONTROL: `${server.dir}/control` },
  });
  assert.equal(code, 0);
  assert.equal(JSON.parse(stdout).sessions.length, count);
  await crowd.logout();
  await new Promise((resolve) => setTimeout(resolve, 250)); // an answer is given again for 200 ms
  const after = await scrape();
  assert.deepEqual(values(after, "scst_session_commands_total"), []);
  assert.deepEqual(values(after, "scst_lun_commands_total", { direction: "none" }), [sum(none)]);
});
