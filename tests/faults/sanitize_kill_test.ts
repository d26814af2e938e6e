/** A server that is killed while it sanitizes a medium (SBC-4 4.11: the operation goes on). */
import assert from "node:assert/strict";
import { assertGood } from "../harness/block_io.ts";
import { backingFile, diskYaml } from "../harness/disk_yaml.ts";
import { assertSameBytes } from "../harness/same_bytes.ts";
import { IMMED, overwrite, overwriteList } from "../harness/sanitize_cdbs.ts";
import { startTestServer, type TestServer } from "../harness/server.ts";
import { openSession } from "../harness/sessions.ts";
import { concatBytes, patternBytes } from "../initiator/bytes.ts";
import { testUnitReady } from "../initiator/cdb.ts";
import { senseText } from "../initiator/sense.ts";
import type { Session } from "../initiator/session.ts";

const SIZE = 256 * 2 ** 20;
const POWER_ON = "06/29/00";
const IN_PROGRESS = "02/04/1B";
const LIMIT_MS = 60_000;

/** Whether the medium of LUN 0 is being sanitized. */
async function isBusy(session: Session): Promise<boolean> {
  for (;;) {
    const { status, sense } = await session.command(testUnitReady());
    if (status === 0) return false;
    if (senseText(sense) === POWER_ON) continue;
    assert.equal(senseText(sense), IN_PROGRESS);
    return true;
  }
}

async function waitUntilReady(server: TestServer): Promise<void> {
  await using session = await openSession(server);
  for (const end = Date.now() + LIMIT_MS; await isBusy(session);) {
    assert(Date.now() < end, `still busy after ${LIMIT_MS} ms`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

Deno.test("An overwrite that kill -9 interrupts is done when the server is back", async () => {
  const dir = await Deno.makeTempDir({ prefix: "scst_kill_" });
  try {
    const filename = backingFile(dir, "disk.img", SIZE);
    const yaml = diskYaml([{ filename }]);
    const block = patternBytes(512, 3);
    const write = overwriteList(0x80 | 5, block); // inverted each time: as it is in the end
    {
      await using server = await startTestServer(yaml, { dir });
      await using session = await openSession(server);
      await isBusy(session);
      assertGood(await session.command(overwrite(write.length, IMMED), { write }), "SANITIZE");
      assert(await isBusy(session), "it is over already");
      await server.stop("SIGKILL");
    }
    await using server = await startTestServer(yaml, { dir });
    {
      await using session = await openSession(server);
      assert(await isBusy(session), "it was forgotten");
    }
    await waitUntilReady(server);
    const mebibyte = concatBytes(Array.from({ length: 2048 }, () => block));
    const file = await Deno.open(filename);
    try {
      const read = new Uint8Array(mebibyte.length);
      for (let at = 0; at < SIZE; at += read.length) {
        for (let done = 0; done < read.length;) {
          done += await file.read(read.subarray(done)) ?? assert.fail("the file has ended");
        }
        assertSameBytes(read, mebibyte, `the mebibyte at ${at}`);
      }
    } finally {
      file.close();
    }
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});
