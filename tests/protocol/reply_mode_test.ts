/** SCST_REPLIES: the ways to send answers that are there to be measured serve like the usual one. */
import assert from "node:assert/strict";
import { ReplyMode } from "../../lib/shard/reply_mode.ts";
import { readBlocks, writeBlocks } from "../harness/block_io.ts";
import { fileDisks } from "../harness/disks.ts";
import { inParallel } from "../harness/parallel.ts";
import { runProgram } from "../harness/program.ts";
import { assertSameBytes } from "../harness/same_bytes.ts";
import { diskYaml, startTestServer } from "../harness/server.ts";
import { openReady } from "../harness/sessions.ts";
import { patternBytes } from "../initiator/bytes.ts";

const LANES = 16;
const ROUNDS = 20;
/** More than a socket takes at once. */
const LARGE = 4096;

for (const mode of Object.values(ReplyMode)) {
  Deno.test(`with SCST_REPLIES=${mode} every command is answered, and rightly`, async () => {
    const env = { SCST_REPLIES: mode };
    await using server = await startTestServer(fileDisks(16 * 2 ** 20), { env });
    await using session = await openReady(server, [0]);
    await inParallel(LANES, LANES, async (lane) => {
      for (let round = 0; round < ROUNDS; round++) {
        const data = patternBytes(4096, lane * ROUNDS + round);
        await writeBlocks(session, lane * 8, data);
        assertSameBytes(await readBlocks(session, lane * 8, 8), data, `lane ${lane}`);
      }
    });
    const data = patternBytes(LARGE * 512, 1);
    await writeBlocks(session, LARGE, data);
    const copies = [0, 1, 2].map(() => readBlocks(session, LARGE, LARGE));
    for (const copy of await Promise.all(copies)) assertSameBytes(copy, data, "large reads");
    assert.equal(await session.logout(), 0);
  });
}

Deno.test("a server with an SCST_REPLIES that is none of them does not start", async () => {
  const dir = await Deno.makeTempDir({ prefix: "scst_test_" });
  try {
    const config = `${dir}/scst.yaml`;
    await Deno.writeTextFile(config, diskYaml([{ size: "1MiB" }]));
    const args = ["serve", "--config", config, "--state", dir];
    const env = { SCST_REPLIES: "never", SCST_TREE: "none", SCST_CONTROL: `${dir}/control` };
    const { code, stderr } = await runProgram(args, { env });
    assert.notEqual(code, 0);
    assert.match(stderr, /Cannot use SCST_REPLIES=never: it may be turn, each, nagle, held/);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});
