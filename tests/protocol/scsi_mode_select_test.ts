/** Saved mode pages outlive the server, and the log warns of nv_cache. */
import assert from "node:assert/strict";
import { assertGood } from "../harness/block_io.ts";
import { backingFile, diskYaml, startTestServer, type TestServer } from "../harness/server.ts";
import { openReady } from "../harness/sessions.ts";
import { modeSelect6, modeSense6 } from "../initiator/cdb.ts";
import type { Session } from "../initiator/session.ts";

const CACHING = 0x08;
const WCE = 0x04;
const SAVE = 0x11;

async function cachingPage(session: Session): Promise<Uint8Array<ArrayBuffer>> {
  const cdb = modeSense6(CACHING, 255, { disableBlockDescriptors: true });
  const result = await session.command(cdb, { read: 255 });
  assertGood(result);
  return result.data.slice(4);
}

async function saveWithoutCache(server: TestServer): Promise<void> {
  await using session = await openReady(server);
  const page = await cachingPage(session);
  assert.equal(page[2]! & WCE, WCE);
  page[2]! &= ~WCE;
  const write = Uint8Array.from([0, 0, 0, 0, ...page]);
  assertGood(await session.command(modeSelect6(write.length, SAVE), { write }));
}

Deno.test("what MODE SELECT saved is there after a kill", async () => {
  const dir = await Deno.makeTempDir();
  try {
    const yaml = diskYaml([{ filename: backingFile(dir, "disk.img", 1 << 20) }]);
    const first = await startTestServer(yaml, { dir });
    try {
      await saveWithoutCache(first);
    } finally {
      await first.stop("SIGKILL");
    }
    await using server = await startTestServer(yaml, { dir });
    await using session = await openReady(server);
    assert.equal((await cachingPage(session))[2]! & WCE, 0);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("a device with nv_cache is warned of in the log", async () => {
  await using server = await startTestServer(diskYaml([{ nvCache: true }, {}]));
  const warnings = server.stderr().split("\n").filter((line) => line.startsWith("warning "));
  assert.equal(warnings.length, 1);
  assert.match(warnings[0]!, /^warning device 'disk0' has nv_cache: NOTHING IS FLUSHED/);
});
