/** What is behind a disk is lost while it is served: that is said, and nothing is taken for written. */
import assert from "node:assert/strict";
import { assertGood, assertSense, readBlocks, writeBlocks } from "../harness/block_io.ts";
import { Bystander } from "../harness/bystander.ts";
import { assertNoBug, warningsWith } from "../harness/log.ts";
import { LoopDevice, missingLoop } from "../harness/loop_device.ts";
import { backingFile, diskYaml, startTestServer } from "../harness/server.ts";
import { openReady } from "../harness/sessions.ts";
import { toolTest } from "../harness/tools.ts";
import { patternBytes } from "../initiator/bytes.ts";
import { read16, synchronizeCache16, write16 } from "../initiator/cdb.ts";

const MIB = 2 ** 20;
const LAST = MIB / 512 - 1;
const block = patternBytes(512, 1);

Deno.test("A file that is deleted under a disk is told of, and nothing more is acknowledged", async () => {
  await using server = await startTestServer((dir) =>
    diskYaml([
      { filename: backingFile(dir, "lost.img", MIB) },
      { filename: backingFile(dir, "bystander.img", MIB) },
    ])
  );
  await using session = await openReady(server, [0]);
  await using bystander = await Bystander.start(server, 1);
  await writeBlocks(session, 0, block);
  Deno.removeSync(`${server.dir}/lost.img`);
  await warningsWith(server, "lost.img, was deleted: all that it holds is lost when");
  await warningsWith(server, "device 'disk0' has lost its file; writes are refused until");
  assertSense(await session.command(write16(1, 1), { write: block }), "04/3E/01");
  assertSense(await session.command(synchronizeCache16(0, 0)), "04/3E/01");
  assert.deepEqual(await readBlocks(session, 0, 1), block, "what it holds can still be fetched");
  await bystander.finish();
  assertNoBug(server);
  assert.equal((await server.stop()).code, 1, "it could not bring everything to stable storage");
});

toolTest(
  "A block device that shrinks under a disk is told of, and gives no zeros for what is gone",
  [
    "losetup",
  ],
  async () => {
    using device = new LoopDevice(MIB);
    await using server = await startTestServer((dir) =>
      diskYaml([
        { handler: "vdisk_blockio", filename: device.path },
        { filename: backingFile(dir, "bystander.img", MIB) },
      ])
    );
    await using session = await openReady(server, [0]);
    await using bystander = await Bystander.start(server, 1);
    await writeBlocks(session, LAST, block);
    assertGood(await session.command(synchronizeCache16(0, 0)));
    device.resize(MIB / 2);
    await warningsWith(server, "device 'disk0' has shrunk from 1048576 to 524288 bytes");
    await warningsWith(server, "device 'disk0' has lost blocks; writes are refused until");
    assertSense(await session.command(read16(LAST, 1), { read: 512 }), "03/11/00");
    assertSense(await session.command(write16(0, 1), { write: block }), "04/3E/01");
    assert.deepEqual(
      await readBlocks(session, 0, 1),
      new Uint8Array(512),
      "what was never written",
    );
    await bystander.finish();
    assertNoBug(server);
    assert.equal((await server.stop()).code, 1, "it could not bring everything to stable storage");
  },
  missingLoop(),
);
