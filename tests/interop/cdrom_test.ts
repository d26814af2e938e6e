import assert from "node:assert/strict";
import { BOOT_MACHINE, bootableIso, BOOTED } from "../harness/bootable_iso.ts";
import { diskYaml } from "../harness/disk_yaml.ts";
import { lunUrl } from "../harness/lun_url.ts";
import { startTestServer, type TestServer } from "../harness/server.ts";
import { runTool, type Tool, toolOutput, toolTest } from "../harness/tools.ts";

const BOOT_LIMIT_MS = 60_000;
const TEXT = "read by the BIOS from an image of scst";
const BOOT_TOOLS: readonly Tool[] = ["xorriso", "qemu-system-x86_64", "qemu-block-iscsi"];

/** Runs `action` with a drive as LUN 0 that has a bootable CD in it, and one as LUN 1 that is empty. */
async function withDrives(action: (server: TestServer, iso: string) => Promise<void>) {
  const dir = await Deno.makeTempDir({ prefix: "scst_test_" });
  try {
    const filename = await bootableIso(dir, TEXT);
    const yaml = diskYaml([{ handler: "vcdrom", filename }, { handler: "vcdrom" }]);
    await using server = await startTestServer(yaml, { dir });
    await action(server, filename);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

/** The ways in which QEMU gives a guest the drive. */
const MACHINES: readonly [name: string, args: (url: string) => string[]][] = [
  ["as its own ATAPI drive", (url) => ["-cdrom", url]],
  ["as the SCSI device that it is, whose commands it passes on", (url) => [
    ...["-device", "virtio-scsi-pci"],
    ...["-drive", `if=none,id=cd,file=${url},format=raw,readonly=on`],
    ...["-device", "scsi-block,drive=cd,bootindex=0"],
  ]],
];

for (const [name, args] of MACHINES) {
  toolTest(
    `a PC boots from the drive that QEMU shows it ${name}`,
    BOOT_TOOLS,
    () =>
      withDrives(async (server) => {
        const command = [...BOOT_MACHINE, ...args(lunUrl(server))];
        const result = await runTool("qemu-system-x86_64", command, BOOT_LIMIT_MS);
        assert.equal(result.timedOut, false, result.stdout + result.stderr);
        assert.equal(result.stdout.trim(), TEXT);
        assert.equal(result.code, BOOTED, result.stderr);
      }),
  );
}

toolTest(
  "qemu-img copies an image out of the drive",
  ["xorriso", "qemu-img", "qemu-block-iscsi"],
  () =>
    withDrives(async (server, iso) => {
      const info = JSON.parse(
        await toolOutput("qemu-img", ["info", "--output=json", lunUrl(server)]),
      );
      assert.equal(info["virtual-size"], Deno.statSync(iso).size);
      await toolOutput("qemu-img", ["compare", "-f", "raw", "-F", "raw", iso, lunUrl(server)]);
    }),
);

toolTest("iscsi-ls and iscsi-inq see drives, with a medium and without", [
  "xorriso",
  "iscsi-ls",
  "iscsi-inq",
  "iscsi-readcapacity16",
], () =>
  withDrives(async (server) => {
    const list = await toolOutput("iscsi-ls", ["-s", `iscsi://${server.host}:${server.port}`]);
    assert.match(list, /^Lun:0 +Type:MMC$/m);
    assert.match(list, /^Lun:1 +Type:MMC \(No media loaded\)$/m);
    const text = await toolOutput("iscsi-inq", [lunUrl(server)]);
    assert.match(text, /^Peripheral Device Type:MMC$/m);
    assert.match(text, /^Removable:1$/m);
    const pages = await toolOutput("iscsi-inq", ["-e", "1", "-c", "0", lunUrl(server)]);
    assert.deepEqual(pages.match(/0x[0-9a-f]{2}/g), ["0x00", "0x80", "0x83", "0x86"]);
    const capacity = await runTool("iscsi-readcapacity16", [lunUrl(server)]);
    assert.notEqual(capacity.code, 0);
    assert.match(capacity.stdout + capacity.stderr, /failed to send readcapacity command/);
  }));
