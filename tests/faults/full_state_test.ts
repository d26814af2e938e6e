/**
 * A state directory that is new, or has no room left: what cannot be saved is refused and changes nothing,
 * what was saved is there after a kill, and all goes on when there is room.
 */
import assert from "node:assert/strict";
import { exchange } from "../../lib/cli/control_exchange.ts";
import { assertGood, assertSense, readBlocks, writeBlocks } from "../harness/block_io.ts";
import { backingFile, diskYaml } from "../harness/disk_yaml.ts";
import { warningsWith } from "../harness/log.ts";
import { assertSameBytes } from "../harness/same_bytes.ts";
import { startTestServer, type TestServer } from "../harness/server.ts";
import { openReady } from "../harness/sessions.ts";
import { SmallTmpfs } from "../harness/small_tmpfs.ts";
import { toolTest } from "../harness/tools.ts";
import { patternBytes } from "../initiator/bytes.ts";
import { modeSelect6, modeSense6, writeAtomic16 } from "../initiator/cdb.ts";
import { parseKeys, PrIn, prIn, prList, PrOut, prOut } from "../initiator/reservations.ts";
import type { Session } from "../initiator/session.ts";
import type { ScsiResult } from "../initiator/task.ts";

const MIB = 2 ** 20;
const CANNOT_SAVE = "04/44/00";
const SAVE_PAGES = 0x11;
const SAVED = 3;

/** Registers a key that outlives a restart (APTPL). */
async function register(session: Session, actionKey: bigint): Promise<ScsiResult> {
  const write = prList({ actionKey, aptpl: true });
  return await session.command(prOut(PrOut.REGISTER_AND_IGNORE, 0, write.length), { write });
}

async function keys(session: Session): Promise<readonly bigint[]> {
  return parseKeys((await session.command(prIn(PrIn.READ_KEYS, 64), { read: 64 })).data).keys;
}

/** The Caching page, as it is now or as it was saved. */
async function cachingPage(session: Session, control = 0): Promise<Uint8Array> {
  const cdb = modeSense6(0x08, 255, { control, disableBlockDescriptors: true });
  return (await session.command(cdb, { read: 255 })).data.slice(4);
}

/** Switches the write cache, and saves that. */
async function saveWce(session: Session, on: boolean): Promise<ScsiResult> {
  const page = await cachingPage(session);
  page[0]! &= 0x3f;
  page[2] = page[2]! & ~0x04 | (on ? 0x04 : 0);
  const write = Uint8Array.from([0, 0, 0, 0, ...page]);
  return await session.command(modeSelect6(write.length, SAVE_PAGES), { write });
}

async function isWceSaved(session: Session): Promise<boolean> {
  return ((await cachingPage(session, SAVED))[2]! & 0x04) !== 0;
}

/** Has an attribute changed and the configuration saved; returns the status of the latter. */
async function saveConfiguration(dir: string, node: number): Promise<number> {
  const socket = `${dir}/control`;
  const target = "/tree/devices/disk/numa_node_id";
  const written = await exchange(socket, "PUT", target, `${node}\n`);
  assert.equal(written?.status, 204, written?.text);
  return (await exchange(socket, "POST", "/config/save", ""))!.status;
}

/** Takes all the room that is left in a directory; gives it back at disposal. */
function takeRoom(dir: string): Disposable {
  const path = `${dir}/junk`;
  using file = Deno.openSync(path, { write: true, createNew: true });
  for (const size of [65536, 4096, 512, 1]) {
    try {
      for (;;) file.writeSync(new Uint8Array(size));
    } catch { /* there is no room for so much */ }
  }
  return { [Symbol.dispose]: () => Deno.removeSync(path) };
}

const probe = SmallTmpfs.mount(MIB);
const noTmpfs = typeof probe === "string" ? probe : undefined;
if (typeof probe !== "string") probe[Symbol.dispose]();

toolTest(
  "A full state directory refuses what it cannot keep, and has what it kept after a kill",
  [],
  async () => {
    const small = SmallTmpfs.mount(256 * 1024);
    assert(typeof small !== "string");
    using _mounted = small;
    const dir = small.path;
    const disks = Deno.makeTempDirSync({ prefix: "scst_full_" });
    try {
      const filename = backingFile(disks, "disk.img", MIB);
      const yaml = diskYaml([{ name: "disk", filename }]);
      const data = patternBytes(8 * 512, 1);
      {
        await using server = await startTestServer(yaml, { dir });
        await using session = await openReady(server);
        assertGood(await register(session, 1n));
        assertGood(await saveWce(session, false));
        assert.equal(await saveConfiguration(dir, 101), 200);
        await writeBlocks(session, 0, data);
        using _room = takeRoom(dir);
        assertSense(await register(session, 2n), CANNOT_SAVE, "REGISTER");
        assert.deepEqual(await keys(session), [1n]);
        assertSense(await saveWce(session, true), CANNOT_SAVE, "MODE SELECT");
        assert.equal(await isWceSaved(session), false);
        assert.notEqual(await saveConfiguration(dir, 102), 200);
        const write = patternBytes(8 * 512, 2);
        const atomic = await session.command(writeAtomic16(0, 8), { write });
        assert.equal(atomic.status, 2, "WRITE ATOMIC has no room for its record");
        assertSameBytes(await readBlocks(session, 0, 8), data, "after a WRITE ATOMIC that failed");
        await server.stop("SIGKILL");
      }
      await using server = await serveAgain(dir);
      await using session = await openReady(server);
      assert.deepEqual(await keys(session), [1n]);
      assert.equal(await isWceSaved(session), false);
      assertSameBytes(await readBlocks(session, 0, 8), data);
      assertGood(await register(session, 3n));
      assertGood(await saveWce(session, true));
      assert.equal(await saveConfiguration(dir, 103), 200);
      assert.match(Deno.readTextFileSync(`${dir}/scst.yaml`), /numa_node_id: "?103"?/);
    } finally {
      Deno.removeSync(disks, { recursive: true });
    }
  },
  noTmpfs,
);

/** Starts the server with the configuration as it was saved. */
async function serveAgain(dir: string): Promise<TestServer> {
  const yaml = Deno.readTextFileSync(`${dir}/scst.yaml`);
  assert.match(yaml, /numa_node_id: "?101"?/);
  return await startTestServer(yaml, { dir });
}

Deno.test("A server whose devices bring their ids makes its state directory as well", async () => {
  const disks = Deno.makeTempDirSync({ prefix: "scst_state_" });
  try {
    const ids = { naaId: "0x60000000000000000000000000000001", usn: "mine" };
    const yaml = diskYaml([{ filename: backingFile(disks, "disk.img", MIB), ...ids }]);
    const stateDir = `${disks}/is/new`;
    {
      await using server = await startTestServer(yaml, { stateDir });
      await using session = await openReady(server);
      assertGood(await register(session, 1n));
    }
    assert.equal(Deno.statSync(stateDir).mode! & 0o777, 0o700);
    await using server = await startTestServer(yaml, { stateDir });
    await using session = await openReady(server);
    assert.deepEqual(await keys(session), [1n]);
  } finally {
    Deno.removeSync(disks, { recursive: true });
  }
});

Deno.test("A server that cannot make its state directory says so, and serves", async () => {
  const disks = Deno.makeTempDirSync({ prefix: "scst_state_" });
  try {
    const ids = { naaId: "0x60000000000000000000000000000001", usn: "mine" };
    const yaml = diskYaml([{ filename: backingFile(disks, "disk.img", MIB), ...ids }]);
    await using server = await startTestServer(yaml, { stateDir: "/proc/scst/state" });
    await using session = await openReady(server);
    await writeBlocks(session, 0, patternBytes(512, 1));
    assertSense(await register(session, 1n), CANNOT_SAVE, "REGISTER");
    await warningsWith(server, "Cannot make the state directory /proc/scst/state");
  } finally {
    Deno.removeSync(disks, { recursive: true });
  }
});
