/** Slow commands of a server that runs, whose store is slow on purpose: the log tells of them. */
import assert from "node:assert/strict";
import { linesWith } from "../harness/log.ts";
import { runProgram } from "../harness/program.ts";
import { backingFile, diskYaml, startTestServer, TARGET_NAME } from "../harness/server.ts";
import { openReady } from "../harness/sessions.ts";
import { read10 } from "../initiator/cdb.ts";

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
  assert.match(line!, /READ\(10\) took 0\.\d\d s \(data 0 ms, queue 0 ms, store [34]\d\d ms, /);
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
