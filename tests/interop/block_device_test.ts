/** vdisk_blockio on a loop device, driven by QEMU and seen by this suite's own initiator. */
import assert from "node:assert/strict";
import { PORTABLE } from "../../ffi/platform.ts";
import { assertGood } from "../harness/block_io.ts";
import { sha256, writeRandomImage } from "../harness/image.ts";
import { LoopDevice, missingLoop } from "../harness/loop_device.ts";
import { lunUrl } from "../harness/lun_url.ts";
import { diskYaml, startTestServer } from "../harness/server.ts";
import { openReady } from "../harness/sessions.ts";
import { QEMU, toolOutput, toolTest } from "../harness/tools.ts";
import { getLbaStatus16, readCapacity16 } from "../initiator/cdb.ts";

const SIZE = 16 * 1024 * 1024;

/** In blocks of 512 bytes, whatever the sectors of the device are. */
function blockDisk(device: LoopDevice): string {
  const thin = { thinProvisioned: true, handler: "vdisk_blockio" } as const;
  return diskYaml([{ ...thin, filename: device.path }]);
}

for (const sector of [512, 4096]) {
  const name = `a block device with sectors of ${sector} bytes is exported as it is`;
  toolTest(name, [...QEMU, "losetup"], async () => {
    using device = new LoopDevice(SIZE, sector);
    await using server = await startTestServer(() => blockDisk(device));
    const source = `${server.dir}/source.img`;
    writeRandomImage(source, SIZE);
    const url = lunUrl(server);
    await toolOutput("qemu-img", ["convert", "-n", "-f", "raw", "-O", "raw", source, url]);
    await toolOutput("qemu-io", ["-f", "raw", "-d", "unmap", "-c", "flush", url]);
    assert.equal(sha256(device.path), sha256(source));
    const patterns = ["write -P 5 0 1M", "discard 4k 8k", "write -z 64k 64k", "flush"];
    const parts = ["write -P 6 200k 512", "write -P 7 205312 3k", "write -P 8 1300k 1536"];
    const reads = [
      "read -P 5 0 4k",
      "read -P 0 4k 8k",
      "read -P 0 64k 64k",
      "read -P 5 128k 64k",
      "read -P 6 200k 512",
      "read -P 7 205312 3k",
      "read -P 5 204288 512",
      "read -P 8 1300k 1536",
    ];
    const args = [...patterns, ...parts, ...reads].flatMap((command) => ["-c", command]);
    await toolOutput("qemu-io", ["-f", "raw", "-d", "unmap", ...args, url]);
  }, missingLoop());
}

toolTest("a block device tells its sectors, and of its holes that it has none", [
  "losetup",
], async () => {
  using device = new LoopDevice(SIZE, 4096);
  await using server = await startTestServer(() => blockDisk(device));
  await using session = await openReady(server);
  const capacity = await session.command(readCapacity16(32), { read: 32 });
  assertGood(capacity);
  assert.equal(capacity.data[13], 3, "LOGICAL BLOCKS PER PHYSICAL BLOCK EXPONENT");
  const status = await session.command(getLbaStatus16(8, 1024), { read: 1024 });
  assertGood(status);
  const view = new DataView(status.data.buffer, status.data.byteOffset);
  const extents = [view.getBigUint64(8), view.getUint32(16), view.getUint8(20)];
  assert.deepEqual(extents, [8n, SIZE / 512 - 8, 0]);
  // The server, which may do less than this test, has found out how the device gives space back.
  assert.equal(/cannot give space back/.test(server.stderr()), PORTABLE);
}, missingLoop());
