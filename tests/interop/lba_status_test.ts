/** GET LBA STATUS and the limits of VPD page B0h as sg3_utils reads them. */
import assert from "node:assert/strict";
import { assertGood } from "../harness/block_io.ts";
import { fileDisks } from "../harness/disks.ts";
import { startTestServer } from "../harness/server.ts";
import { openReady } from "../harness/sessions.ts";
import { toolOutput, toolTest } from "../harness/tools.ts";
import { patternBytes } from "../initiator/bytes.ts";
import { getLbaStatus16, inquiry, write10 } from "../initiator/cdb.ts";
import type { Session } from "../initiator/session.ts";

const MIB = 2 ** 20;

/** What a tool says of the data-in of a command. */
async function decoded(
  session: Session,
  cdb: Uint8Array,
  tool: string,
  args: readonly string[] = [],
): Promise<string> {
  const result = await session.command(cdb, { read: 1024 });
  assertGood(result);
  const file = await Deno.makeTempFile();
  try {
    await Deno.writeFile(file, result.data);
    return await toolOutput(tool, ["--raw", `--inhex=${file}`, ...args]);
  } finally {
    await Deno.remove(file);
  }
}

toolTest("sg_get_lba_status reads the extents of a thin disk", ["sg_get_lba_status"], async () => {
  await using server = await startTestServer(fileDisks(16 * MIB, [{ thinProvisioned: true }]));
  await using session = await openReady(server);
  assertGood(await session.command(write10(2048, 2048), { write: patternBytes(MIB, 1) }));
  const text = await decoded(session, getLbaStatus16(0, 1024), "sg_get_lba_status", [
    "--maxlen=1024",
  ]);
  const extents = [...text.matchAll(/LBA: 0x([0-9a-f]+)\s+blocks:\s+(\d+)\s+(\w+)/g)]
    .map(([, lba, blocks, status]) => [parseInt(lba!, 16), Number(blocks), status]);
  const wanted = [[0, 2048, "deallocated"], [2048, 2048, "mapped"], [4096, 28672, "deallocated"]];
  assert.deepEqual(extents, wanted, text);
});

toolTest("sg_vpd reads the limits of COMPARE AND WRITE and WRITE ATOMIC", ["sg_vpd"], async () => {
  const disk = { thinProvisioned: true };
  await using server = await startTestServer(fileDisks(16 * MIB, [disk]));
  await using session = await openReady(server);
  const text = await decoded(session, inquiry(1024, 0xb0), "sg_vpd", ["--page=bl"]);
  assert.match(text, /Maximum compare and write length: 255 blocks/);
  assert.match(text, /Write same non-zero \(WSNZ\): 1/);
  assert.match(text, /Maximum write same length: (65535|0xffff) /);
  assert.match(text, /Maximum atomic transfer length: 2048 /);
  assert.match(text, /Atomic alignment: 0 /);
});
