/**
 * Block devices that fail, under the whole server, past the page cache (vdisk_blockio): a loop device
 * over storage that fails where it is told to. The initiator hears what Linux makes of it, which has no
 * quotas and no read-only file systems below its block devices.
 */
import assert from "node:assert/strict";
import { Errno, type ErrnoName } from "../../ffi/errno.ts";
import { assertSense, readBlocks, writeBlocks } from "../harness/block_io.ts";
import { warningsWith } from "../harness/log.ts";
import { LoopDevice, missingLoop } from "../harness/loop_device.ts";
import { assertSameBytes } from "../harness/same_bytes.ts";
import { missingFuse, SlowFiles } from "../harness/slow_files.ts";
import { type Tool, toolTest } from "../harness/tools.ts";
import { withBystander } from "../harness/with_bystander.ts";
import { patternBytes } from "../initiator/bytes.ts";
import { read16, synchronizeCache16, write16 } from "../initiator/cdb.ts";

const MIB = 2 ** 20;
const TOOLS: readonly Tool[] = ["qemu-storage-daemon", "fusermount3", "losetup"];
const WRITE_ERROR = "03/0C/00";
const READ_ERROR = "03/11/00";
const NO_ROOM = "07/27/07";
const GONE = "04/08/00";
const TIMEOUT = "04/3E/02";
const UNIT_FAILURE = "04/3E/01";
const FUA = 0x08;
/** Blocks that the system reads at once below the device. */
const PAGE = 8;

/** What goes wrong at a sector of its own, and what the initiator is told. */
const FAULTS: readonly [of: "read" | "write", errno: ErrnoName, sense: string][] = [
  ["write", "EIO", WRITE_ERROR],
  ["write", "ENOSPC", NO_ROOM],
  ["write", "EDQUOT", WRITE_ERROR],
  ["write", "EROFS", WRITE_ERROR],
  ["write", "ENODATA", WRITE_ERROR],
  ["write", "ENOLINK", GONE],
  ["write", "ETIMEDOUT", TIMEOUT],
  ["read", "EIO", READ_ERROR],
  ["read", "ENODATA", READ_ERROR],
  ["read", "ENOLINK", GONE],
];

const sectorOf = (index: number) => 1024 + 2 * PAGE * index;

toolTest(
  "Each error of a block device has its sense, and harms no other block",
  TOOLS,
  async () => {
    await using files = await SlowFiles.failing(
      2 * MIB,
      FAULTS.map(([of, name], index) => ({ of, errno: Errno[name], sector: sectorOf(index) })),
    );
    using device = new LoopDevice(2 * MIB, 512, undefined, files.paths[0]!);
    const options = { handler: "vdisk_blockio", thinProvisioned: false } as const;
    await withBystander(device.path, async (session) => {
      const data = patternBytes(PAGE * 512, 1);
      await writeBlocks(session, 0, data);
      const block = patternBytes(512, 7);
      for (const [index, [of, name, sense]] of FAULTS.entries()) {
        const sector = sectorOf(index);
        const result = of === "read"
          ? await session.command(read16(sector, 1), { read: 512 })
          : await session.command(write16(sector, 1), { write: block });
        assertSense(result, sense, `${name} of a ${of}`);
        await writeBlocks(session, sector + PAGE, block);
        assertSameBytes(await readBlocks(session, sector + PAGE, 1), block, `beside ${name}`);
      }
      assertSameBytes(await readBlocks(session, 0, PAGE), data);
    }, options);
  },
  missingFuse() ?? missingLoop(),
);

toolTest("A block device whose flush fails acknowledges nothing more", TOOLS, async () => {
  await using files = await SlowFiles.failing(2 * MIB, [{ of: "flush", errno: Errno.EIO }]);
  for (const flags of [0, FUA]) {
    using device = new LoopDevice(2 * MIB, 512, undefined, files.paths[0]!);
    const options = { handler: "vdisk_blockio", thinProvisioned: false, code: 1 } as const;
    await withBystander(device.path, async (session, server) => {
      const write = patternBytes(512, 1);
      if (flags === 0) {
        await writeBlocks(session, 0, write);
        assertSense(await session.command(synchronizeCache16(0, 0)), WRITE_ERROR, "flush");
      } else {
        assertSense(await session.command(write16(0, 1, flags), { write }), WRITE_ERROR, "FUA");
      }
      await warningsWith(server, "device 'disk0' failed to flush", "(EIO)", "opened again");
      if (flags === 0) {
        const deferred = await session.command(synchronizeCache16(0, 0));
        assertSense(deferred, WRITE_ERROR, "what had ended may be lost");
        assert.equal(deferred.sense?.deferred, true);
        assertSense(await session.command(read16(0, 1), { read: 512 }), UNIT_FAILURE, "read");
      } else {
        await readBlocks(session, 8, 1);
      }
      assertSense(await session.command(synchronizeCache16(0, 0)), UNIT_FAILURE, "flush again");
      assertSense(await session.command(write16(0, 1), { write }), UNIT_FAILURE, "write");
    }, options);
  }
}, missingFuse() ?? missingLoop());

toolTest(
  "A block device whose storage has vanished is an error, and nothing else",
  TOOLS,
  async () => {
    await using files = await SlowFiles.failing(2 * MIB, []);
    using device = new LoopDevice(2 * MIB, 512, undefined, files.paths[0]!);
    const options = { handler: "vdisk_blockio", thinProvisioned: false, code: 1 } as const;
    await withBystander(device.path, async (session) => {
      const write = patternBytes(512, 1);
      await writeBlocks(session, 0, write);
      await files[Symbol.asyncDispose]();
      assertSense(await session.command(read16(1024, 1), { read: 512 }), READ_ERROR, "read");
      assertSense(await session.command(write16(1024, 1), { write }), WRITE_ERROR, "write");
      assertSense(await session.command(synchronizeCache16(0, 0)), WRITE_ERROR, "flush");
    }, options);
  },
  missingFuse() ?? missingLoop(),
);
