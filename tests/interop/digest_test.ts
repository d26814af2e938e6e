/** Header digests with QEMU and libiscsi; neither has data digests in Debian 12. */
import assert from "node:assert/strict";
import { readAt } from "../harness/image.ts";
import { backingFile, diskYaml, startTestServer, TARGET_NAME } from "../harness/server.ts";
import { QEMU, runTool, toolOutput, toolTest } from "../harness/tools.ts";
import type { Address } from "../initiator/raw.ts";

const MIB = 1024 * 1024;

function yaml(dir: string): string {
  return diskYaml([{ filename: backingFile(dir, "disk.img", 16 * MIB) }]);
}

/** LUN 0 as QEMU's options name it, with header digests. */
function imageOptions({ host, port }: Address): string {
  return Object.entries({
    driver: "raw",
    "file.driver": "iscsi",
    "file.transport": "tcp",
    "file.portal": `${host}:${port}`,
    "file.target": TARGET_NAME,
    "file.lun": 0,
    "file.header-digest": "crc32c",
  }).map(([key, value]) => `${key}=${value}`).join(",");
}

toolTest("qemu-io writes and reads with header digests", QEMU, async () => {
  await using server = await startTestServer(yaml);
  const commands = [
    "write -P 0x5a 0 4M",
    "write -P 0x33 4M 512",
    "read -P 0x5a 0 4M",
    "read -P 0x33 4M 512",
    "flush",
  ];
  const args = commands.flatMap((command) => ["-c", command]);
  await toolOutput("qemu-io", [...args, "--image-opts", imageOptions(server)]);
  assert(readAt(`${server.dir}/disk.img`, 0, 4 * MIB).every((byte) => byte === 0x5a));
  assert.match(
    server.stderr(),
    /login with CRC32C of headers: initiator=iqn.2008-11.org.linux-kvm/,
  );
});

toolTest("qemu-io does without the disk of a target that wants no digests", QEMU, async () => {
  await using server = await startTestServer((dir) => yaml(dir) + "    HeaderDigest: None\n");
  const args = ["-c", "read 0 512", "--image-opts", imageOptions(server)];
  const { code, timedOut } = await runTool("qemu-io", args, 20_000);
  assert.notEqual(code, 0);
  assert(!timedOut);
});

toolTest("iscsi-ls discovers with header digests", ["iscsi-ls"], async () => {
  await using server = await startTestServer(yaml);
  const url = `iscsi://${server.host}:${server.port}?header_digest=crc32c`;
  assert.match(await toolOutput("iscsi-ls", [url]), new RegExp(`^Target:${TARGET_NAME} `, "m"));
  assert.match(server.stderr(), /discovery login with CRC32C of headers: /);
});
