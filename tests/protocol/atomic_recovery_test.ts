/** A server that starts where another one was killed in the middle of a WRITE ATOMIC. */
import assert from "node:assert/strict";
import { type AtomicRig, torn, TORN_DATA } from "../harness/atomic_rig.ts";
import { read10, testUnitReady } from "../initiator/cdb.ts";
import { readBlocks } from "../harness/block_io.ts";
import { type DiskOptions, diskYaml } from "../harness/disk_yaml.ts";
import { warningsWith } from "../harness/log.ts";
import { assertSameBytes } from "../harness/same_bytes.ts";
import { backingFile, startTestServer } from "../harness/server.ts";
import { openReady } from "../harness/sessions.ts";

/** Starts a server on the state that the killed one has left. */
function start(atomic: AtomicRig, disk: DiskOptions) {
  return startTestServer(diskYaml([disk]), { dir: atomic.stateDir });
}

/** A disk that was left half written, where a server gets at it. */
function leftTorn(): AtomicRig {
  return torn(Deno.env.get("TMPDIR") ?? "/tmp");
}

Deno.test("A server finishes a WRITE ATOMIC before it listens, under any name of device and file", async () => {
  using atomic = leftTorn();
  const filename = `${atomic.dir}/moved.img`;
  await Deno.rename(atomic.path, filename);
  await using server = await start(atomic, { name: "other", filename });
  await warningsWith(server, "error device 'other' finishes what was interrupted: 1 WRITE ATOMIC");
  await using session = await openReady(server);
  assertSameBytes(await readBlocks(session, 0, 128), atomic.changed(8, TORN_DATA));
});

Deno.test("A server says that a WRITE ATOMIC is not finished whose medium has no device", async () => {
  using atomic = leftTorn();
  const filename = backingFile(atomic.dir, "other.img", 65536);
  await using server = await start(atomic, { filename });
  const { path } = atomic;
  assert(
    server.stderr().includes(
      `warning an interrupted WRITE ATOMIC of '${path}' is not finished: no`,
    ),
    server.stderr(),
  );
});

Deno.test("A disk that can neither be finished nor served as it is is not served", async () => {
  using atomic = leftTorn();
  await using server = await start(atomic, { filename: atomic.path, readOnly: true });
  assert.match(
    server.stderr(),
    /^error device 'disk0' is not served: Cannot finish the WRITE ATOMIC in .*: open the device once without read_only/m,
  );
  await using session = await openReady(server, []);
  await session.command(testUnitReady()); // power on
  const { sense } = await session.command(read10(0, 1), { read: 512 });
  assert.equal(sense?.key, 2, "NOT READY");
});
