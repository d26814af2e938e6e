/** What administrators see of a device whose cache initiators change, and whose store fails on purpose. */
import assert from "node:assert/strict";
import { assertGood, assertSense } from "../harness/block_io.ts";
import { runProgram } from "../harness/program.ts";
import { backingFile, diskYaml, startTestServer, type TestServer } from "../harness/server.ts";
import { openReady } from "../harness/sessions.ts";
import {
  modeSelect6,
  modeSense6,
  read10,
  synchronizeCache10,
  testUnitReady,
  write10,
} from "../initiator/cdb.ts";
import type { Session } from "../initiator/session.ts";

const CACHING = 0x08;
const WCE = 0x04;
const BLOCK = { write: new Uint8Array(512).fill(9) };

async function scst(server: TestServer, ...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await runProgram(args, {
    env: { SCST_CONTROL: `${server.dir}/control` },
  });
  assert.equal(code, 0, stderr);
  return stdout;
}

async function listed(server: TestServer): Promise<Record<string, unknown>> {
  const [device] = JSON.parse(await scst(server, "device", "list", "--json"));
  return device;
}

async function setWriteCache(session: Session, on: boolean): Promise<void> {
  const cdb = modeSense6(CACHING, 255, { disableBlockDescriptors: true });
  const result = await session.command(cdb, { read: 255 });
  assertGood(result);
  const page = result.data.slice(4);
  page[0]! &= 0x3f;
  page[2] = on ? page[2]! | WCE : page[2]! & ~WCE;
  const write = Uint8Array.from([0, 0, 0, 0, ...page]);
  assertGood(await session.command(modeSelect6(write.length), { write }));
}

function startDisk(): Promise<TestServer> {
  return startTestServer((dir) =>
    diskYaml([{ filename: backingFile(dir, "disk.img", 1 << 20), name: "disk1" }])
  );
}

Deno.test("write_through of the tree follows what initiators make of WCE", async () => {
  await using server = await startDisk();
  await using session = await openReady(server);
  const read = () => scst(server, "tree", "cat", "devices/disk1/write_through");
  assert.equal(await read(), "0\n");
  assert.equal((await listed(server)).cache, "write_back");
  await setWriteCache(session, false);
  assert.equal(await read(), "1\n[key]\n");
  assert.equal((await listed(server)).cache, "write_through");
  await setWriteCache(session, true);
  assert.equal(await read(), "0\n");
});

Deno.test("nv_cache stands out in the list of devices", async () => {
  await using server = await startTestServer((dir) =>
    diskYaml([{ filename: backingFile(dir, "disk.img", 1 << 20), nvCache: true }])
  );
  assert.equal((await listed(server)).cache, "NV_CACHE-NEVER-FLUSHED");
});

Deno.test("a device that fails on purpose says so, and is as new when it was closed and opened", async () => {
  await using server = await startDisk();
  await using session = await openReady(server);
  assert.equal((await listed(server)).health, "ok");
  await scst(server, "device", "set", "disk1", "faults=sync EIO count=1; read delay=400ms count=1");
  assert.equal((await listed(server)).health, "FAULTS-ON-PURPOSE");
  const began = performance.now();
  const late = session.command(read10(0, 1), { read: 512 });
  assertGood(await session.command(testUnitReady()));
  assertGood(await late);
  const took = performance.now() - began;
  assert(took >= 400, `${took} ms`);
  assertGood(await session.command(read10(0, 1), { read: 512 }));

  assertGood(await session.command(write10(0, 1), BLOCK));
  assertSense(await session.command(synchronizeCache10(0, 0)), "03/0C/00");
  const { sense } = await session.command(testUnitReady());
  assert.deepEqual([sense?.deferred, sense?.key], [true, 3]);
  assertSense(await session.command(write10(0, 1), BLOCK), "04/3E/01");
  assertSense(await session.command(read10(0, 1), { read: 512 }), "04/3E/01");
  assert.equal((await listed(server)).health, "failed");
  const health = await scst(server, "tree", "cat", "devices/disk1/health");
  assert.match(
    health,
    /^failed\nwhy: failed to flush: input\/output error \(EIO\); reads and writes are refused\nfailures: 1\nio: 1\n/,
  );

  await scst(server, "device", "set", "disk1", "faults=none", "active=0", "active=1");
  assertSense(await session.command(testUnitReady()), "06/28/00");
  assertGood(await session.command(write10(0, 1), BLOCK));
  assertGood(await session.command(synchronizeCache10(0, 0)));
  assert.equal((await listed(server)).health, "ok");
  const warnings = server.stderr().split("\n").filter((line) => line.startsWith("warning "));
  assert.deepEqual(warnings, [
    "warning device 'disk1' makes FAULTS ON PURPOSE: sync EIO count=1; read delay=400ms count=1",
    "warning device 'disk1' makes no faults any more; it has made 2",
  ]);
});
