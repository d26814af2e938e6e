import assert from "node:assert/strict";
import { backingFile, type DiskOptions } from "../harness/disk_yaml.ts";
import { lunUrl } from "../harness/lun_url.ts";
import { diskYaml, startTestServer } from "../harness/server.ts";
import { QEMU, toolOutput, toolTest } from "../harness/tools.ts";
import { sha256, writeRandomImage } from "../harness/image.ts";

const SIZE = 64 * 1024 * 1024;

/** Copies raw bytes from one file or URL to another that exists already. */
async function copy(from: string, to: string): Promise<void> {
  await toolOutput("qemu-img", ["convert", "-n", "-f", "raw", "-O", "raw", from, to]);
}

async function roundTrip(disk: DiskOptions, sparse: boolean): Promise<void> {
  await using server = await startTestServer((dir) =>
    diskYaml([{ filename: backingFile(dir, "disk.img", SIZE), ...disk }])
  );
  const image = `${server.dir}/image.raw`;
  writeRandomImage(image, SIZE, sparse);
  // Old data, which the holes of a sparse image must overwrite.
  writeRandomImage(`${server.dir}/disk.img`, SIZE);

  await copy(image, lunUrl(server));
  assert.equal(sha256(`${server.dir}/disk.img`), sha256(image), "in the backing file");
  const back = backingFile(server.dir, "back.raw", SIZE);
  await copy(lunUrl(server), back);
  assert.equal(sha256(back), sha256(image), "read back through the target");
}

const DISKS: readonly [string, DiskOptions][] = [
  ["a thick disk", {}],
  ["a thin disk", { thinProvisioned: true }],
  ["a disk of 4096-byte blocks", { blocksize: 4096, thinProvisioned: true }],
];

for (const [name, disk] of DISKS) {
  toolTest(`qemu-img convert brings a random image to ${name} and back`, QEMU, async () => {
    await roundTrip(disk, false);
  });
  toolTest(`qemu-img convert brings a sparse image to ${name} and back`, QEMU, async () => {
    await roundTrip(disk, true);
  });
}

toolTest("what qemu-img convert wrote is there after a restart", QEMU, async () => {
  const dir = await Deno.makeTempDir({ prefix: "scst_test_" });
  try {
    const yaml = diskYaml([{ filename: backingFile(dir, "disk.img", SIZE) }]);
    const image = `${dir}/image.raw`;
    writeRandomImage(image, SIZE);
    {
      await using server = await startTestServer(yaml, { dir });
      await copy(image, lunUrl(server));
    }
    await using server = await startTestServer(yaml, { dir });
    const back = backingFile(dir, "back.raw", SIZE);
    await copy(lunUrl(server), back);
    assert.equal(sha256(back), sha256(image));
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});
