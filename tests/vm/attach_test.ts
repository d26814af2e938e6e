/** What Linux makes of the disks: their attributes, and every page that sg3_utils can read. */
import assert from "node:assert/strict";
import { backingFile, diskYaml, startTestServer, TARGET_NAME } from "../harness/server.ts";
import type { Guest } from "./guest.ts";
import { kernelComplaints } from "./kernel_log.ts";
import { guestTest } from "./on_linux.ts";
import { discover, GuestSession } from "./open_iscsi.ts";

const MIB = 2 ** 20;
const FLAT_LUN = 300;

/** LUNs of every kind. */
function disks(dir: string): string {
  const file = (name: string, mib: number) => backingFile(dir, name, mib * MIB);
  return diskYaml([
    { filename: file("thin.img", 256), thinProvisioned: true, rotational: false },
    { filename: file("thick.img", 128), blocksize: 4096, rotational: true },
    { filename: file("read_only.img", 64), readOnly: true },
    { filename: file("removable.img", 64), removable: true, writeThrough: true },
    { filename: file("far.img", 64), lun: FLAT_LUN },
  ]);
}

/** What the kernel derives from a disk's answers, by its path below `/sys/block/DISK`. */
const ATTRIBUTES: Readonly<Record<number, Readonly<Record<string, string>>>> = {
  0: {
    "size": "524288",
    "ro": "0",
    "removable": "0",
    "alignment_offset": "0",
    "queue/logical_block_size": "512",
    "queue/physical_block_size": "4096",
    "queue/minimum_io_size": "4096",
    "queue/optimal_io_size": "524288",
    "queue/discard_granularity": "4096",
    "queue/discard_max_hw_bytes": "268435456",
    "queue/write_zeroes_max_bytes": "33550336",
    "queue/rotational": "0",
    "queue/zoned": "none",
    "queue/write_cache": "write back",
    "queue/fua": "1",
    "device/scsi_disk/*/provisioning_mode": "unmap",
    "device/scsi_disk/*/zeroing_mode": "writesame_16_unmap",
    "device/scsi_disk/*/thin_provisioning": "1",
    "device/scsi_disk/*/protection_type": "0",
    "device/scsi_level": "7",
    "device/queue_type": "simple",
    "device/vendor": "SCST_FIO",
    "device/model": "disk0",
  },
  1: {
    "size": "262144",
    "queue/logical_block_size": "4096",
    "queue/physical_block_size": "4096",
    "queue/discard_max_hw_bytes": "0",
    "queue/rotational": "1",
    "device/scsi_disk/*/provisioning_mode": "full",
    "device/scsi_disk/*/thin_provisioning": "0",
  },
  2: { "ro": "1", "queue/write_cache": "write through" },
  3: { "removable": "1", "queue/write_cache": "write through", "events": "media_change" },
  [FLAT_LUN]: { "size": "131072", "device/model": "disk4" },
};

/** LUNs that differ in what they say of themselves. */
const READ_COMPLETELY = [0, 1, 3];

/** Commands that read from any disk, and what they cannot but print. */
const READINGS: readonly (readonly [command: string, expected: RegExp])[] = [
  ["sg_inq", /version=0x0[67] .*\n/],
  ["sg_inq --export", /^SCSI_VENDOR=SCST_FIO$/m],
  ["sg_inq --export --page=di", /^SCSI_IDENT_LUN_NAA_REGEXT=6[0-9a-f]{31}$/m],
  ["sg_vpd --page=sv", /Device identification/],
  ["sg_vpd --all", /Device Identification[^]*extended INQUIRY data[^]*Block limits/],
  ["sg_vpd --all --long --hex", /\n/],
  ["sg_modes --all", />> Caching/],
  ["sg_modes --all --control=1", />> Caching.*changeable/],
  ["sg_modes --all --control=2", />> Caching.*default/],
  ["sg_modes --all --control=3", />> Caching.*saved/],
  ["sg_modes --six --all", />> Caching/],
  ["sg_logs --all", /number of read commands/],
  ["sg_opcodes --alpha", /Compare and write/],
  [
    "sg_opcodes --rctd --mask", // nominal and recommended timeout in seconds
    /^ 35 +10 +60 +3600 +Synchronize cache\(10\)\n +cdb usage: 35 06 ff ff ff ff 1f ff ff 04/m,
  ],
  ["sg_opcodes --tmf --repd", /Logical unit reset[^]*TMFTMOV=1[^]*LURTS=1[^]*short timeout: 100 /],
  ["sg_readcap --long", /Last LBA=\d/],
  ["sg_turs --number=50", /0 errors/],
  ["sg_requests", /No Sense/],
  ["sg_senddiag --list", /Supported diagnostic pages/],
  ["sg_senddiag --test", /^/],
  ["sg_copy_results --params", /Segment descriptor 0x02/],
  ["sg_persist --in --report-capabilities", /Persist Through Power Loss Capable/],
  ["sginfo -a", /Caching mode page/],
];

/**
 * Words with which sg3_utils remarks that an answer is odd, though it exits with 0. `[invalid]` is
 * how it reads an alignment that a disk without UNMAP does not have.
 */
const ODD = /\b(malformed|truncated|too short|unexpected|(?<!\[)invalid|unrecognized|failed)\b/i;

/** Runs a tool that must have nothing to say against the answer. */
async function clean(guest: Guest, command: string): Promise<string> {
  const text = await guest.output(`${command} 2>&1`);
  assert.doesNotMatch(text, ODD, command);
  return text;
}

guestTest("Linux attaches disks of every kind and has nothing to complain of", async (guest, t) => {
  await using server = await startTestServer(disks);

  await t.step("iscsiadm discovers the target at the address that it reached", async () => {
    const found = await discover(guest, server);
    assert.deepEqual(found, [`${server.host}:${server.port},1 ${TARGET_NAME}`]);
  });

  const session = await GuestSession.login(guest, server);
  const devices = new Map(
    await Promise.all(
      Object.keys(ATTRIBUTES).map(Number)
        .map(async (lun) => [lun, await session.device(lun)] as const),
    ),
  );
  const generic = (lun: number) => devices.get(lun)!.generic;

  await t.step("the kernel finds the LUNs that are there and no other", async () => {
    assert.deepEqual(await session.luns(), [...devices.keys()]);
  });

  for (const [lun, expected] of Object.entries(ATTRIBUTES)) {
    await t.step(`the block device of LUN ${lun} is what the configuration says`, async () => {
      const name = devices.get(Number(lun))!.disk.slice("/dev/".length);
      const paths = Object.keys(expected);
      const text = await guest.output(`cd /sys/block/${name} && for path in ${paths.join(" ")}; do
        head -n 1 $path
      done`);
      const values = text.split("\n").map((line) => line.trimEnd());
      assert.deepEqual(Object.fromEntries(paths.map((path, i) => [path, values[i]])), expected);
    });
  }

  for (const lun of READ_COMPLETELY) {
    await t.step(`sg3_utils reads whatever LUN ${lun} has to say of itself`, async () => {
      for (const [command, expected] of READINGS) {
        assert.match(await clean(guest, `${command} ${generic(lun)}`), expected, command);
      }
    });
  }

  await t.step("REPORT LUNS lists them in both addressing methods", async () => {
    const text = await clean(guest, `sg_luns --decode ${generic(0)}`);
    assert.match(text, /imples 5 lun entries/);
    assert.match(text, /Peripheral device addressing: lun=3\n/);
    assert.match(text, new RegExp(`Flat space addressing: lun=${FLAT_LUN}\\n`));
  });

  await t.step("the kernel has no complaint", async () => {
    await session.logout();
    assert.deepEqual(await kernelComplaints(guest), []);
    assert.doesNotMatch(server.stderr(), /^(warning|error) /m);
  });
});
