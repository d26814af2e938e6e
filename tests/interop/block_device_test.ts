/** vdisk_blockio on a loop device, driven by QEMU. */
import assert from "node:assert/strict";
import { sha256, writeRandomImage } from "../harness/image.ts";
import { startTestServer } from "../harness/server.ts";
import { missingTools, QEMU, runTool, toolOutput, toolTest } from "../harness/tools.ts";

const SIZE = 16 * 1024 * 1024;

/** Why there is no loop device here; undefined if there is one. A container may have none. */
async function missingLoop(): Promise<string | undefined> {
  if (missingTools(["losetup"]) !== undefined) return undefined; // that is said anyway
  const { code } = await runTool("losetup", ["-f"]);
  return code === 0 ? undefined : "no loop device for this user";
}

const absent = await missingLoop();

toolTest("a block device is exported as it is", [...QEMU, "losetup"], async () => {
  const dir = await Deno.makeTempDir({ prefix: "scst_block_" });
  const backing = `${dir}/backing.img`;
  const source = `${dir}/source.img`;
  writeRandomImage(source, SIZE);
  await Deno.writeFile(backing, new Uint8Array());
  await Deno.truncate(backing, SIZE);
  const device = (await toolOutput("losetup", ["-f", "--show", backing])).trim();
  try {
    await using server = await startTestServer(
      `portals: ["127.0.0.1:0"]
devices:
  block: { handler: vdisk_blockio, filename: ${device}, thin_provisioned: true }
targets:
  iqn.2026-11.org.example:block: { luns: { 0: block } }
`,
    );
    const url = `iscsi://${server.host}:${server.port}/iqn.2026-11.org.example:block/0`;
    await toolOutput("qemu-img", ["convert", "-n", "-f", "raw", "-O", "raw", source, url]);
    await toolOutput("qemu-io", ["-f", "raw", "-d", "unmap", "-c", "flush", url]);
    assert.equal(sha256(device), sha256(source));
    const patterns = ["write -P 5 0 1M", "discard 4k 8k", "write -z 64k 64k", "flush"];
    const reads = [
      "read -P 5 0 4k",
      "read -P 0 4k 8k",
      "read -P 0 64k 64k",
      "read -P 5 128k 64k",
    ];
    const args = [...patterns, ...reads].flatMap((command) => ["-c", command]);
    await toolOutput("qemu-io", ["-f", "raw", "-d", "unmap", ...args, url]);
  } finally {
    await toolOutput("losetup", ["-d", device]);
    await Deno.remove(dir, { recursive: true });
  }
}, absent);
