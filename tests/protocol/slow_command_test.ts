/** Slow commands of a server that runs, whose store is slow on purpose: the log tells of them. */
import assert from "node:assert/strict";
import { linesWith } from "../harness/log.ts";
import { runProgram } from "../harness/program.ts";
import { backingFile, diskYaml, startTestServer, TARGET_NAME } from "../harness/server.ts";
import { exchange } from "../../lib/cli/control_exchange.ts";
import { fileDisks } from "../harness/disks.ts";
import { parseExposition } from "../harness/exposition.ts";
import { openReady, openSteered } from "../harness/sessions.ts";
import { read10 } from "../initiator/cdb.ts";
import { FINAL, Opcode } from "../initiator/pdu.ts";
import { READ } from "../initiator/requests.ts";

async function logOf(...args: string[]): Promise<{ told: string[]; all: string }> {
  await using server = await startTestServer(
    (dir) => diskYaml([{ filename: backingFile(dir, "disk.img", 2 ** 20) }]),
    { args },
  );
  const env = { SCST_CONTROL: `${server.dir}/control` };
  const { code, stderr } = await runProgram(["device", "set", "disk0", "faults=read delay=300ms"], {
    env,
  });
  assert.equal(code, 0, stderr);
  await using session = await openReady(server);
  await session.command(read10(0, 1), { read: 512 });
  const told = args.includes("0") ? [] : await linesWith(server, /^warning slow command: /);
  return { told, all: server.stderr() };
}

Deno.test("serve --slow says from when on a command is slow", async () => {
  const { told: [line] } = await logOf("--slow", "200");
  const times =
    /READ\(10\) took (\d+\.\d\d) s \(data (\d+) ms, queue (\d+) ms, store (\d+) ms, send (\d+) ms\)/
      .exec(line!)!.slice(1).map(Number);
  const [seconds = 0, ...stages] = times;
  // How late a busy machine is does not matter; where the time went does, and that none is left out.
  assert(stages[2]! >= 300, line);
  const sum = stages.reduce((all, one) => all + one, 0);
  assert(Math.abs(sum - seconds * 1000) <= 10, line);
  assert.match(line!, new RegExp(` target=${TARGET_NAME} lun=0 itt=0x`));
  assert(!(await logOf("--slow", "0")).all.includes("slow command"));
});

Deno.test("serve refuses a --slow that is none", async () => {
  for (const slow of ["1s", "-1", "12345678", ""]) {
    const { code, stderr } = await runProgram(["serve", "--config", "none.yaml", `--slow=${slow}`]);
    assert.equal(code, 2, stderr);
    assert.match(
      stderr,
      /^error Option --slow must be milliseconds from 1 to 9999999, or 0 for none/,
    );
  }
});

/** Waits until answers of the one session that a server has were not taken for `least` seconds. */
async function sendWait(control: string, least: number): Promise<void> {
  for (let looks = 0; looks < 300; looks++) {
    const reply = await exchange(control, "GET", "/metrics", "");
    const families = parseExposition(reply!.text);
    const { samples } = families.find(({ name }) =>
      name === "scst_session_send_wait_seconds_total"
    )!;
    assert.equal(samples.length, 1);
    if (samples[0]!.value >= least) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`Nothing has waited ${least} s for the initiator`);
}

Deno.test("a command is slow as well when its initiator does not read the answer", async () => {
  const size = 7 * 2 ** 19;
  await using server = await startTestServer(fileDisks(2 * size), { args: ["--slow", "200"] });
  const control = `${server.dir}/control`;
  using session = await openSteered(server);
  const cdb = read10(0, size / 512);
  const left = new Set<number>();
  // More than the buffers of both sockets hold, and less than a session may have read: none waits for room.
  for (let count = 0; count < 3; count++) {
    left.add(await session.sendCommand({ cdb, flags: FINAL | READ | 1, expectedLength: size }));
  }
  await sendWait(control, 0.5);
  assert(!server.stderr().includes("slow command"), "what is not sent has not ended");
  while (left.size > 0) {
    const pdu = await session.expect(Opcode.DataIn);
    if ((pdu.flags & 1) !== 0) left.delete(pdu.itt);
  }
  const [line] = await linesWith(server, /^warning slow command: READ\(10\) took /);
  const stages = /data \d+ ms, queue (\d+) ms, store \d+ ms, send (\d+) ms\): initiator=/.exec(
    line!,
  )!;
  assert(Number(stages[2]) >= 500, line);
  await sendWait(control, (Number(stages[2]) - 1) / 1000);
});
