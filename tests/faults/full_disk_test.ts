/**
 * Storage that has no room, cannot be written any more, or fails, under the whole server: the initiator
 * is told what is wrong, what was acknowledged stays, and a bystander on another disk notices nothing.
 */
import assert from "node:assert/strict";
import { Errno } from "../../ffi/errno.ts";
import { PORTABLE } from "../../ffi/platform.ts";
import { assertGood, assertSense, readBlocks, writeBlocks } from "../harness/block_io.ts";
import type { DiskOptions } from "../harness/disk_yaml.ts";
import { withBystander } from "../harness/with_bystander.ts";
import { warningsWith } from "../harness/log.ts";
import { LoopDevice, missingLoop } from "../harness/loop_device.ts";
import { assertSameBytes } from "../harness/same_bytes.ts";
import { backingFile } from "../harness/server.ts";
import { missingFuse, SlowFiles, type StorageFault } from "../harness/slow_files.ts";
import { missingExt4, SmallExt4 } from "../harness/small_ext4.ts";
import { SmallTmpfs } from "../harness/small_tmpfs.ts";
import { type Tool, toolTest } from "../harness/tools.ts";
import { patternBytes } from "../initiator/bytes.ts";
import { read16, synchronizeCache16, unmap, unmapList, write16 } from "../initiator/cdb.ts";
import type { Session } from "../initiator/session.ts";

const MIB = 2 ** 20;
const FUA = 0x08;
const NO_ROOM = "07/27/07";
const WRITE_PROTECTED = "07/27/00";
const WRITE_ERROR = "03/0C/00";
const READ_ERROR = "03/11/00";
/** What a disk that has failed says. */
const UNIT_FAILURE = "04/3E/01";
/** Blocks of one command. */
const PIECE = 64;
/** Blocks that the system reads at once. */
const PAGE = 8;

/** What piece `index` holds. */
const content = (index: number) => patternBytes(PIECE * 512, index);

/** Writes piece after piece until there is no room, and returns how many were written. */
async function fill(session: Session, pieces: number): Promise<number> {
  for (let index = 0; index < pieces; index++) {
    const write = content(index);
    const result = await session.command(write16(index * PIECE, PIECE), { write });
    if (result.status === 0) continue;
    assertSense(result, NO_ROOM, `piece ${index}`);
    return index;
  }
  throw new assert.AssertionError({ message: "there is room for all" });
}

async function checkPieces(session: Session, from: number, until: number): Promise<void> {
  for (let index = from; index < until; index++) {
    const found = await readBlocks(session, index * PIECE, PIECE);
    assertSameBytes(found, content(index), `piece ${index}`);
  }
}

/** Fills a disk that has less room than it has blocks, and gives space back. */
async function fillAndFree(session: Session, bytes: number): Promise<void> {
  const pieces = bytes / 512 / PIECE;
  const full = await fill(session, pieces);
  assert(full > 8, `only ${full} pieces`);
  await checkPieces(session, 0, full);

  const write = content(0);
  const beyond = (pieces - 1) * PIECE;
  for (const flags of [0, FUA]) {
    const result = await session.command(write16(beyond, PIECE, flags), { write });
    assertSense(result, NO_ROOM, `flags ${flags}`);
  }
  assertGood(await session.command(synchronizeCache16(0, 0)), "a flush of what there is");
  assertGood(
    await session.command(write16(0, PIECE, FUA), { write }),
    "a write where there is space",
  );

  const list = unmapList([{ lba: PIECE, blocks: 4 * PIECE }]);
  assertGood(await session.command(unmap(list.length), { write: list }), "UNMAP");
  await writeBlocks(session, beyond, content(pieces - 1));
  await checkPieces(session, pieces - 1, pieces);
  await checkPieces(session, 5, full);
}

const probe = SmallTmpfs.mount(MIB);
const noTmpfs = typeof probe === "string" ? probe : undefined;
if (typeof probe !== "string") probe[Symbol.dispose]();
const noExt4 = missingExt4();

toolTest(
  "A write that finds no room on a full tmpfs says so, and nothing else is lost",
  [],
  async () => {
    const small = SmallTmpfs.mount(MIB);
    assert(typeof small !== "string");
    using _mounted = small;
    const filename = backingFile(small.path, "disk.img", 4 * MIB);
    await withBystander(filename, (session) => fillAndFree(session, 4 * MIB));
  },
  noTmpfs,
);

/** The cache modes, with what is tested of each. */
const FULL_EXT4: readonly (readonly [name: string, options: DiskOptions])[] = [
  ["A write-back disk that finds no room on a full ext4 says so, and nothing else is lost", {}],
  [
    "A write_through disk that finds no room on a full ext4 says so, and nothing else is lost",
    { writeThrough: true },
  ],
  [
    "An nv_cache disk that finds no room on a full ext4 says so, and nothing else is lost",
    { nvCache: true },
  ],
];

for (const [name, options] of FULL_EXT4) {
  toolTest(name, [], async () => {
    using small = new SmallExt4(8 * MIB);
    const filename = backingFile(small.path, "disk.img", 16 * MIB);
    await withBystander(filename, (session) => fillAndFree(session, 16 * MIB), options);
  }, noExt4);
}

toolTest(
  "A disk whose file system becomes read-only is write protected, and can be read",
  [],
  async () => {
    using small = new SmallExt4(8 * MIB);
    const filename = backingFile(small.path, "disk.img", 2 * MIB);
    await withBystander(filename, async (session) => {
      for (let index = 0; index < 4; index++) {
        await writeBlocks(session, index * PIECE, content(index));
      }
      assertGood(await session.command(synchronizeCache16(0, 0)), "flush");
      small.becomeReadOnly();
      const write = content(9);
      for (const flags of [0, FUA]) {
        const result = await session.command(write16(0, PIECE, flags), { write });
        assertSense(result, WRITE_PROTECTED, `flags ${flags}`);
      }
      await checkPieces(session, 0, 4);
    }, { code: 1 });
  },
  noExt4,
);

const TOOLS: readonly Tool[] = ["qemu-storage-daemon", "fusermount3"];

/** What goes wrong at a sector of its own, and what the initiator is told. */
const FAULTS: readonly (StorageFault & { readonly name: string; readonly sense: string })[] = [
  { name: "EIO", of: "write", errno: Errno.EIO, sector: 1024, sense: WRITE_ERROR },
  { name: "ENOSPC", of: "write", errno: Errno.ENOSPC, sector: 1040, sense: NO_ROOM },
  { name: "EDQUOT", of: "write", errno: Errno.EDQUOT, sector: 1056, sense: NO_ROOM },
  { name: "EROFS", of: "write", errno: Errno.EROFS, sector: 1072, sense: WRITE_PROTECTED },
  { name: "EIO", of: "read", errno: Errno.EIO, sector: 1088, sense: READ_ERROR },
];

toolTest("Each error of the storage has its sense, and harms no other block", TOOLS, async () => {
  await using files = await SlowFiles.failing(2 * MIB, FAULTS);
  await withBystander(files.paths[0]!, async (session) => {
    const data = content(1);
    await writeBlocks(session, 0, data);
    for (const { name, of, sector, sense } of FAULTS) {
      const block = patternBytes(512, 7);
      const result = of === "read"
        ? await session.command(read16(sector!, 1), { read: 512 })
        : await session.command(write16(sector!, 1), { write: block });
      assertSense(result, sense, `${name} of a ${of}`);
      await writeBlocks(session, sector! + PAGE, block);
      assertSameBytes(await readBlocks(session, sector! + PAGE, 1), block, `beside ${name}`);
    }
    assertSameBytes(await readBlocks(session, 0, PIECE), data);
  });
}, missingFuse());

toolTest(
  "A failed flush is told, and nothing is acknowledged after it until the disk is opened anew",
  TOOLS,
  async () => {
    await using files = await SlowFiles.failing(2 * MIB, [{ of: "flush", errno: Errno.EIO }]);
    await withBystander(files.paths[0]!, async (session, server) => {
      const data = content(1);
      await writeBlocks(session, 0, data);
      assertSense(await session.command(synchronizeCache16(0, 0)), WRITE_ERROR, "flush");
      await warningsWith(server, "device 'disk0' failed to flush", "(EIO)", "opened again");
      const deferred = await session.command(synchronizeCache16(0, 0));
      assertSense(deferred, WRITE_ERROR, "what had ended may be lost");
      assert.equal(deferred.sense?.deferred, true);
      const write = content(2);
      for (let tries = 0; tries < 3; tries++) {
        assertSense(await session.command(synchronizeCache16(0, 0)), UNIT_FAILURE, "flush again");
        assertSense(await session.command(write16(0, PIECE), { write }), UNIT_FAILURE, "write");
        assertSense(await session.command(read16(0, 1), { read: 512 }), UNIT_FAILURE, "read");
      }
    }, { code: 1 });
  },
  missingFuse(),
);

toolTest(
  "What the system could not write back by itself is told within a second, though nobody has flushed",
  ["losetup"],
  async () => {
    const small = SmallTmpfs.mount(MIB);
    assert(typeof small !== "string");
    using _mounted = small;
    using device = new LoopDevice(4 * MIB, 512, small.path); // more than there is room for
    using other = Deno.openSync(device.path, { read: true, write: true });
    await withBystander(device.path, async (session, server) => {
      for (let index = 0; index < 2 * MIB / 512 / PIECE; index++) {
        await writeBlocks(session, index * PIECE, content(index)); // to the page cache
      }
      // Somebody else has it written back, as the system does sooner or later.
      assert.throws(() => other.syncSync());
      await warningsWith(server, "device 'disk0': WRITEBACK failed");
      await warningsWith(server, "device 'disk0' failed to flush", "opened again");
      const deferred = await session.command(read16(0, 1), { read: 512 });
      assert.equal(deferred.sense?.deferred, true);
      assertSense(await session.command(read16(0, 1), { read: 512 }), UNIT_FAILURE, "read");
      const write = content(0);
      assertSense(await session.command(write16(0, PIECE), { write }), UNIT_FAILURE, "write");
    }, { code: 1, thinProvisioned: false });
  },
  noTmpfs ?? missingLoop() ?? (PORTABLE ? "only Linux tells" : undefined),
);
