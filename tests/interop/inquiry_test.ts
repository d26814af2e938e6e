import assert from "node:assert/strict";
import { backingFile, type DiskOptions } from "../harness/disk_yaml.ts";
import { lunUrl } from "../harness/lun_url.ts";
import { diskYaml, startTestServer, type TestServer } from "../harness/server.ts";
import { runTool, toolOutput, toolTest } from "../harness/tools.ts";

const SIZE = 48 * 1024 * 1024;

function startDisk(options: DiskOptions): Promise<TestServer> {
  return startTestServer((dir) =>
    diskYaml([{ name: "music", filename: backingFile(dir, "music.img", SIZE), ...options }])
  );
}

function vpdPage(server: TestServer, page: number): Promise<string> {
  return toolOutput("iscsi-inq", ["-e", "1", "-c", String(page), lunUrl(server)]);
}

toolTest("iscsi-inq reads the standard inquiry data", ["iscsi-inq"], async () => {
  await using server = await startDisk({});
  const text = await toolOutput("iscsi-inq", [lunUrl(server)]);
  assert.match(text, /^Peripheral Qualifier:CONNECTED$/m);
  assert.match(text, /^Peripheral Device Type:DIRECT_ACCESS$/m);
  assert.match(text, /^Removable:0$/m);
  assert.match(text, /^CmdQue:1$/m);
  assert.match(text, /^Vendor:SCST_FIO$/m);
  assert.match(text, /^Product:music {11}$/m);
  assert.match(text, /^Version Descriptor:[0-9a-f]{4} iSCSI/m);
  assert.match(text, /^Version Descriptor:[0-9a-f]{4} SBC-/m);
});

toolTest("iscsi-inq reads every vital product data page", ["iscsi-inq"], async () => {
  await using server = await startDisk({ usn: "a1b2c3d4", thinProvisioned: true });
  const pages = await vpdPage(server, 0x00);
  for (const page of ["0x00", "0x80", "0x83", "0x86", "0xb0", "0xb1", "0xb2"]) {
    assert.match(pages, new RegExp(`^Page:${page} `, "m"));
  }
  assert.match(await vpdPage(server, 0x80), /^Unit Serial Number:\[a1b2c3d4\]$/m);
  const ids = await vpdPage(server, 0x83);
  assert.match(ids, /^Designator Type:\(3\) NAA$/m);
  assert.match(ids, /^Designator Type:\(1\) T10_VENDORT_ID\nDesignator:\[SCST_FIO/m);
  assert.match(await vpdPage(server, 0xb0), /^maximum unmap lba count:[1-9]\d*$/m);
  const provisioning = await vpdPage(server, 0xb2);
  for (const field of ["lbpu:1", "lbpws:1", "lbpws10:1", "lbprz:1", "provisioning type:2"]) {
    assert.match(provisioning, new RegExp(`^${field}$`, "m"));
  }
});

toolTest("iscsi-inq sees whether the medium rotates and is thin", ["iscsi-inq"], async () => {
  await using server = await startDisk({ rotational: false, thinProvisioned: false });
  // 1 stands for a medium that does not rotate (SBC-4 6.6.2); the tool takes it for a speed.
  assert.match(await vpdPage(server, 0xb1), /^Medium Rotation Rate:1RPM$/m);
  assert.doesNotMatch(await vpdPage(server, 0x00), /^Page:0xb2 /m);
});

toolTest("a device keeps its serial number over a restart", ["iscsi-inq"], async () => {
  const dir = await Deno.makeTempDir({ prefix: "scst_test_" });
  try {
    const filename = backingFile(dir, "music.img", SIZE);
    const serials: string[] = [];
    for (const name of ["music", "music", "other"]) {
      await using server = await startTestServer(diskYaml([{ name, filename }]), { dir });
      const [, serial] = /\[(.+)\]/.exec(await vpdPage(server, 0x80)) ?? [];
      assert.ok(serial !== undefined);
      serials.push(serial);
    }
    assert.equal(serials[0], serials[1]);
    assert.notEqual(serials[0], serials[2], "another device is another disk");
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

for (const blocksize of [512, 4096]) {
  const name = `iscsi-readcapacity16 reads a disk of ${blocksize}-byte blocks`;
  toolTest(name, ["iscsi-readcapacity16"], async () => {
    await using server = await startDisk({ blocksize });
    const text = await toolOutput("iscsi-readcapacity16", [lunUrl(server)]);
    assert.match(text, new RegExp(`^RETURNED LOGICAL BLOCK ADDRESS:${SIZE / blocksize - 1}$`, "m"));
    assert.match(text, new RegExp(`^LOGICAL BLOCK LENGTH IN BYTES:${blocksize}$`, "m"));
    assert.match(text, new RegExp(`^Total size:${SIZE}$`, "m"));
  });
}

toolTest("iscsi-swp reads the control mode page", ["iscsi-swp"], async () => {
  await using server = await startDisk({});
  assert.equal((await toolOutput("iscsi-swp", [lunUrl(server)])).trim(), "SWP:0");
});

toolTest("a target or logical unit that is not there is refused", ["iscsi-inq"], async () => {
  await using server = await startDisk({});
  const target = await runTool("iscsi-inq", [lunUrl(server, 0, "iqn.2026-11.org.example:none")]);
  assert.notEqual(target.code, 0);
  assert.match(target.stdout + target.stderr, /Target not found/);

  // Every tool of libiscsi sends TEST UNIT READY first.
  const unit = await runTool("iscsi-inq", [lunUrl(server, 1)]);
  assert.notEqual(unit.code, 0);
  assert.match(unit.stdout + unit.stderr, /LOGICAL_UNIT_NOT_SUPPORTED/);
});
