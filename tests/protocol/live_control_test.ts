/** What administrators do to commands that are under way: through the control socket, with real sessions. */
import assert from "node:assert/strict";
import { SocketTreeClient } from "../../lib/cli/connect_tree.ts";
import { TreeError } from "../../lib/admin/tree.ts";
import { assertGood, assertSense } from "../harness/block_io.ts";
import { backingFile, diskYaml, TARGET_NAME } from "../harness/disk_yaml.ts";
import { runProgram } from "../harness/program.ts";
import { startTestServer, type TestServer } from "../harness/server.ts";
import { openReady } from "../harness/sessions.ts";
import { patternBytes } from "../initiator/bytes.ts";
import { inquiry, read10, testUnitReady, write10 } from "../initiator/cdb.ts";
import type { StartedCommand } from "../initiator/session.ts";
import { prList, PrOut, prOut } from "../initiator/reservations.ts";

const TARGET = `targets/iscsi/${TARGET_NAME}`;
const INITIATOR = "iqn.2026-11.org.scst.test:live";
const SESSION = `${TARGET}/sessions/${INITIATOR}`;
const BLOCK = 512;
const SIZE = 2 ** 20;
const ABORT_TASK = 1;

/** A server of two disks, LUN 0 and 1, the first of which has a file and is thin. */
function startServer(): Promise<TestServer> {
  return startTestServer((dir) =>
    diskYaml([
      { filename: backingFile(dir, "disk0.img", SIZE), thinProvisioned: true },
      { size: SIZE },
    ])
  );
}

function treeOf({ dir }: TestServer): SocketTreeClient {
  return new SocketTreeClient(`${dir}/control`);
}

function open(server: TestServer) {
  return openReady(server, [0, 1], { initiatorName: INITIATOR });
}

/** Whether a command has ended, when the server has had every chance to end it. */
async function hasEnded(command: StartedCommand): Promise<boolean> {
  const late = Promise.withResolvers<false>();
  const timer = setTimeout(() => late.resolve(false), 100);
  try {
    return await Promise.race([command.done.then(() => true), late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

async function refusal(action: Promise<void>): Promise<string> {
  try {
    await action;
  } catch (error) {
    if (error instanceof TreeError) return `${error.errno} ${error.message}`;
    throw error;
  }
  return "done";
}

Deno.test("suspend holds all commands until it is taken back; NOPs, logins and functions go on", async () => {
  await using server = await startServer();
  const tree = treeOf(server);
  await using session = await open(server);
  await tree.write("suspend", "5\n");
  await tree.write("suspend", "0\n");
  assert.equal(await tree.read("suspend"), "2\n");
  const data = patternBytes(BLOCK, 5);
  const write = await session.start(write10(3, 1), { write: data });
  const ready = await session.start(testUnitReady(), { lun: 1 });
  assert.deepEqual(await session.nop(Uint8Array.of(1, 2)), Uint8Array.of(1, 2));
  await using other = await openReady(server, [], { initiatorName: `${INITIATOR}2` });
  const aborted = await other.start(inquiry(36), { read: 36 });
  assert.equal(await hasEnded(aborted), false);
  const lines = (await tree.read("trace_cmds")).trimEnd().split("\n");
  assert.equal(lines.length, 3);
  const where = `initiator=${INITIATOR} target=${TARGET_NAME} lun=0 itt=0x${
    write.itt.toString(16)
  }`;
  assert(
    lines.some((line) => /^WRITE\(10\), for \d+ ms, waits /.test(line) && line.endsWith(where)),
  );
  assert(lines.every((line) => line.includes("stage=turn_wait")), lines.join("\n"));
  assert.equal(await tree.read("trace_mcmds"), "");
  assert.equal(await tree.read(`${SESSION}/commands`), "2\n");
  assert.equal(await tree.read(`${SESSION}/active_commands`), "0\n");
  assert.equal(await other.taskManagement(ABORT_TASK, { referencedTag: aborted.itt }), 0);
  other.forget(aborted.itt);
  await tree.write("suspend", "-1\n");
  assert.equal(await hasEnded(write), false);
  await tree.write("suspend", "-1\n");
  assertGood(await write.done);
  assertGood(await ready.done);
  assert.equal(await tree.read("suspend"), "0\n");
  assert.equal(await tree.read("trace_cmds"), "");
  assert.deepEqual((await session.command(read10(3, 1), { read: BLOCK })).data, data);
  assert.equal((await refusal(tree.write("suspend", "soon"))).slice(0, 6), "EINVAL");
  assert.match(server.stderr(), /info execution of commands is suspended\n/);
});

Deno.test("a server that is suspended stops in order, and sessions take their commands with them", async () => {
  await using server = await startServer();
  const tree = treeOf(server);
  {
    await using session = await open(server);
    await tree.write("suspend", "0");
    await session.start(write10(0, 1), { write: patternBytes(BLOCK, 1) });
    await session.nop();
  }
  for (let tries = 0; (await tree.list(`${TARGET}/sessions`)).length > 0; tries++) {
    assert(tries < 100, "the session has not ended");
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  assert.equal(await tree.read("trace_cmds"), "");
  const { code } = await server.stop();
  assert.equal(code, 0, server.stderr());
});

Deno.test("block holds one device, and tells how often", async () => {
  await using server = await startServer();
  const tree = treeOf(server);
  await using session = await open(server);
  const block = "devices/disk0/block";
  assert.equal(await tree.read(block), "0 0\n");
  await tree.write(block, "1\n");
  await tree.write(block, "11 for a snapshot\n");
  assert.equal(await tree.read(block), "2 0\n");
  const held = await session.start(testUnitReady());
  assertGood(await session.command(testUnitReady(), { lun: 1 }));
  assert.equal(await hasEnded(held), false);
  await tree.write(block, "0\n");
  assert.equal(await hasEnded(held), false);
  await tree.write(block, "0\n");
  assertGood(await held.done);
  assert.equal(await tree.read(block), "0 0\n");
  assert.match(server.stderr(), /info device 'disk0' is blocked: for a snapshot\n/);
  assert.equal((await refusal(tree.write(block, "7"))).slice(0, 6), "EINVAL");
  // What is blocked can be taken away: who waits hears of it.
  await tree.write("devices/disk1/block", "1");
  const lost = await session.start(testUnitReady(), { lun: 1 });
  await tree.write("handlers/vdisk_nullio/mgmt", "del_device disk1");
  assertSense(await lost.done, "05/25/00");
});

Deno.test("a black hole swallows commands of a target, and of a group, until it is closed", async () => {
  await using server = await startServer();
  const tree = treeOf(server);
  await using session = await open(server);
  await tree.write(`${TARGET}/black_hole`, "3\n");
  assert.equal(await tree.read(`${TARGET}/black_hole`), "3\n");
  assert.match(server.stderr(), /warning black_hole is 3 now: target=/);
  assertGood(await session.command(testUnitReady()));
  const swallowed = await session.start(read10(0, 1), { read: BLOCK });
  assert.equal(await hasEnded(swallowed), false);
  assert.match(
    await tree.read("trace_cmds"),
    /^READ\(10\), for \d+ ms, never to be answered \(black_hole\): /,
  );
  assert.equal(await session.taskManagement(ABORT_TASK, { referencedTag: swallowed.itt }), 0);
  session.forget(swallowed.itt);
  await tree.write(`${TARGET}/black_hole`, "0");
  assertGood(await session.command(read10(0, 1), { read: BLOCK }));

  await tree.write(`${TARGET}/ini_groups/mgmt`, "create g");
  await tree.write(`${TARGET}/ini_groups/g/luns/mgmt`, "add disk0 0");
  await tree.write(`${TARGET}/ini_groups/g/initiators/mgmt`, `add ${INITIATOR}`);
  await tree.write(`${TARGET}/ini_groups/g/black_hole`, "1");
  const ready = await session.start(testUnitReady());
  assert.equal(await hasEnded(ready), false);
  await using other = await openReady(server, [0], { initiatorName: `${INITIATOR}2` });
  assertGood(await other.command(testUnitReady()));
});

Deno.test("measure_latency tells where the time of a session's commands went", async () => {
  await using server = await startServer();
  const tree = treeOf(server);
  await using session = await open(server);
  const header = "state count min max avg stddev\n";
  assert.equal(await tree.read("measure_latency"), "0\n");
  assert.equal(await tree.read(`${SESSION}/latency/r4096`), header);
  await tree.write("measure_latency", "1");
  assert.equal(await tree.read("measure_latency"), "1\n");
  const LOOP = 20;
  for (let count = 0; count < LOOP; count++) {
    assertGood(await session.command(read10(0, 8), { read: 8 * BLOCK }));
    assertGood(await session.command(testUnitReady()));
  }
  // More than may come unasked: the rest waits for an R2T.
  const bytes = 128 * 1024;
  assertGood(await session.command(write10(0, 256), { write: patternBytes(bytes, 1) }));
  await session.nop();
  const rows = async (name: string) => {
    const [first, ...lines] = (await tree.read(`${SESSION}/latency/${name}`)).trimEnd().split("\n");
    assert.equal(`${first}\n`, header);
    return new Map(lines.map((line) => {
      const found = /^(\w+) (\d+)((?: \d+\.\d us){4})$/.exec(line);
      assert(found !== null, line);
      const [min, max, average] = found[3]!.match(/\d+\.\d/g)!.map(Number);
      const rounded = 0.06;
      assert(min! <= average! + rounded && average! <= max! + rounded, line);
      return [found[1]!, [Number(found[2]), average!]];
    }));
  };
  const reads = await rows("r4096");
  assert.deepEqual(
    [...reads].map(([stage, [count]]) => `${stage} ${count}`),
    [
      `received ${LOOP}`,
      "data_wait 0",
      `turn_wait ${LOOP}`,
      `store ${LOOP}`,
      `send ${LOOP}`,
      `total ${LOOP}`,
    ],
  );
  const sum = ["received", "turn_wait", "store", "send"]
    .reduce((all, stage) => all + reads.get(stage)![1]!, 0);
  assert(Math.abs(sum - reads.get("total")![1]!) < 1, "the stages are all of it");
  assert.equal((await rows("n512")).get("total")![0], LOOP);
  assert.equal((await rows("w131072")).get("data_wait")![0], 1);
  await tree.write(`${SESSION}/latency/r4096`, "x");
  assert.equal((await rows("r4096")).get("total")![0], 0);
  assert.equal((await rows("n512")).get("total")![0], LOOP);
  await tree.write("measure_latency", "0");
  assert.equal(await tree.read(`${SESSION}/latency/n512`), header);
});

Deno.test("reservations are kept where pr_file_name says, and restored from what pr_state has said", async () => {
  await using server = await startServer();
  const tree = treeOf(server);
  const file = `${server.dir}/my_reservations`;
  const busy = await refusal(tree.write("devices/disk0/pr_file_name", `${file}\n`));
  assert.match(busy, /^EBUSY Cannot change pr_file_name: /);
  await tree.write(`${TARGET}/luns/mgmt`, "del 0");
  const none = await refusal(tree.write("devices/disk0/pr_file_name", `${file}/none\n`));
  assert.match(none, /^ENOENT /);
  await tree.write("devices/disk0/pr_file_name", `${file}\n`);
  assert.equal(await tree.read("devices/disk0/pr_file_name"), `${file}\n[key]\n`);
  await tree.write(`${TARGET}/luns/mgmt`, "add disk0 0");
  let text: string;
  {
    await using session = await open(server);
    const list = prList({ actionKey: 0xabcn, aptpl: true });
    const { status } = await session.command(prOut(PrOut.REGISTER, 0, list.length), {
      write: list,
    });
    assert.equal(status, 0);
    text = await tree.read("devices/disk0/pr_state");
    assert.match(text, /^registrant 1 0000000000000abc 0 /m);
    assert.match(await refusal(tree.write("devices/disk0/pr_state", text)), /^EBUSY .*logged in$/);
    assert.equal(await session.logout(), 0);
  }
  assert.match(await Deno.readTextFile(file), /^registration 0000000000000abc /m);
  await tree.write("devices/disk0/pr_state", "version 1\ngeneration 0\n");
  assert.match(await tree.read("devices/disk0/pr_state"), /^version 1\ngeneration 0\n$/);
  assert.match(
    await refusal(tree.write("devices/disk0/pr_state", "version 1\n")),
    /^EINVAL Cannot restore reservations: the second line /,
  );
  await tree.write("devices/disk0/pr_state", text);
  assert.equal(await tree.read("devices/disk0/pr_state"), text);
});

Deno.test("gen_tp_soft_threshold_reached_UA tells everybody who uses a thin disk", async () => {
  await using server = await startServer();
  const tree = treeOf(server);
  await using session = await open(server);
  await tree.write("devices/disk0/gen_tp_soft_threshold_reached_UA", "1");
  assertSense(await session.command(testUnitReady()), "06/38/07");
  assertGood(await session.command(testUnitReady()));
  const names = (await tree.list("devices/disk1")).map(({ name }) => name);
  assert(!names.includes("gen_tp_soft_threshold_reached_UA"));
});

Deno.test("scst save keeps what has a mark, and nothing of what goes on", async () => {
  await using server = await startServer();
  const tree = treeOf(server);
  await tree.write(`${TARGET}/luns/mgmt`, "del 0");
  await tree.write("devices/disk0/pr_file_name", `${server.dir}/kept`);
  await tree.write(`${TARGET}/luns/mgmt`, "add disk0 0");
  await tree.write("suspend", "0");
  await tree.write("measure_latency", "1");
  await tree.write("devices/disk0/block", "1");
  await tree.write(`${TARGET}/black_hole`, "1");
  const env = { SCST_CONTROL: `${server.dir}/control` };
  const { code, stderr } = await runProgram(["save"], { env });
  assert.equal(code, 0, stderr);
  const saved = await Deno.readTextFile(`${server.dir}/scst.yaml`);
  assert(saved.includes(`pr_file_name: ${server.dir}/kept`), saved);
  assert.doesNotMatch(saved, /suspend|measure_latency|block:|black_hole/);
  const check = await runProgram(["check", `${server.dir}/scst.yaml`]);
  assert.equal(check.code, 0, check.stderr);
});
