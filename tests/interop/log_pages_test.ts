/** Log pages as sg3_utils reads them. */
import assert from "node:assert/strict";
import { assertGood } from "../harness/block_io.ts";
import { fileDisks } from "../harness/disks.ts";
import { toHex } from "../harness/hex.ts";
import { startTestServer } from "../harness/server.ts";
import { openReady } from "../harness/sessions.ts";
import { toolOutput, toolTest } from "../harness/tools.ts";
import { patternBytes } from "../initiator/bytes.ts";
import { logSense, write10 } from "../initiator/cdb.ts";
import type { Session } from "../initiator/session.ts";

const MIB = 2 ** 20;

async function decoded(session: Session, page: number, subpage = 0): Promise<string> {
  const result = await session.command(logSense(page, 1024, { subpage }), { read: 1024 });
  assertGood(result);
  const file = await Deno.makeTempFile();
  try {
    await Deno.writeTextFile(file, toHex(result.data).replaceAll(/\s/g, "").replace(/../g, "$& "));
    return await toolOutput("sg_logs", [`--in=${file}`]);
  } finally {
    await Deno.remove(file);
  }
}

toolTest("sg_logs reads every log page", ["sg_logs"], async () => {
  await using server = await startTestServer(fileDisks(16 * MIB, [{ thinProvisioned: true }]));
  await using session = await openReady(server);
  assertGood(await session.command(write10(0, 2048), { write: patternBytes(MIB, 1) }));
  assertGood(await session.command(new Uint8Array([0x35, ...Array(15).fill(0)])));
  const full = await decoded(session, 0x00, 0xff);
  const names = ["Logical block provisioning", "General Statistics", "Informational exceptions"];
  for (const list of [await decoded(session, 0x00), full]) {
    for (const name of names) assert(list.includes(name), `${name} in ${list}`);
  }
  const provisioning = await decoded(session, 0x0c);
  assert.match(provisioning, /Available LBA mapping threshold resource count: [1-9]/);
  assert.match(provisioning, /Used LBA mapping threshold resource count: 1\n/);
  const statistics = await decoded(session, 0x19);
  assert.match(statistics, /number of write commands = 1\n/);
  assert.match(statistics, /number of logical blocks received = 2048\n/);
  assert.match(statistics, /exponent = 6\n\s*time interval integer = 1\n/);
  assert.match(await decoded(session, 0x2f), /IE asc = 0x0, ascq = 0x0/);
});
