/** WRITE SAME and UNMAP (SBC-3 5.28, 5.43, 5.44). */
import assert from "node:assert/strict";
import { assertGood, assertSense, readBlocks, writeBlocks } from "../harness/block_io.ts";
import { fileDisks } from "../harness/disks.ts";
import { assertSameBytes } from "../harness/same_bytes.ts";
import { openReady } from "../harness/sessions.ts";
import { suite } from "../harness/suite.ts";
import { concatBytes, patternBytes } from "../initiator/bytes.ts";
import { unmap, unmapList, writeSame10, writeSame16 } from "../initiator/cdb.ts";

const MIB = 1 << 20;
const BLOCKS = 8 * MIB / 512;
const THICK = 0;
const THIN = 1;
const LARGE_BLOCKS = 2;
const ANCHOR = 0x10;
const UNMAP = 0x08;
const NDOB = 0x01;

const BLOCK = patternBytes(512, 1);
const ZEROS = new Uint8Array(512);

function repeated(block: Uint8Array, times: number): Uint8Array {
  return concatBytes(Array.from({ length: times }, () => block));
}

/** The portable storage path has no system call that makes holes: it writes zeros. */
const MAKES_HOLES = Deno.env.get("SCST_PORTABLE") !== "1";

/** Bytes that the server's backing file occupies. */
async function allocated(path: string): Promise<number> {
  return ((await Deno.stat(path)).blocks ?? 0) * 512;
}

const YAML = fileDisks(8 * MIB, [
  {},
  { thinProvisioned: true },
  { thinProvisioned: true, blocksize: 4096 },
]);

suite("WRITE SAME and UNMAP", YAML, {
  "WRITE SAME repeats one block over a range, and over no more": async (server) => {
    await using session = await openReady(server);
    for (const build of [writeSame10, writeSame16]) {
      await writeBlocks(session, 99, repeated(ZEROS, 102));
      assertGood(await session.command(build(100, 100), { write: BLOCK }));
      const wanted = concatBytes([ZEROS, repeated(BLOCK, 100), ZEROS]);
      assertSameBytes(await readBlocks(session, 99, 102), wanted);
    }
  },

  "WRITE SAME over many mebibytes": async (server) => {
    await using session = await openReady(server);
    assertGood(await session.command(writeSame16(3, 12000), { write: BLOCK }));
    for (const lba of [3, 2048, 2049, 12002]) {
      assertSameBytes(await readBlocks(session, lba, 1), BLOCK, `LBA ${lba}`);
    }
    assertSameBytes(await readBlocks(session, 2, 1), ZEROS);
    assertSameBytes(await readBlocks(session, 12003, 1), ZEROS);
  },

  "WRITE SAME of zeros": async (server) => {
    await using session = await openReady(server);
    await writeBlocks(session, 200, repeated(BLOCK, 20));
    assertGood(await session.command(writeSame10(202, 16), { write: ZEROS }));
    const wanted = concatBytes([repeated(BLOCK, 2), repeated(ZEROS, 16), repeated(BLOCK, 2)]);
    assertSameBytes(await readBlocks(session, 200, 20), wanted);
  },

  "WRITE SAME(16) with NDOB writes zeros without data": async (server) => {
    await using session = await openReady(server);
    await writeBlocks(session, 300, repeated(BLOCK, 10));
    assertGood(await session.command(writeSame16(301, 8, NDOB)));
    const wanted = concatBytes([BLOCK, repeated(ZEROS, 8), BLOCK]);
    assertSameBytes(await readBlocks(session, 300, 10), wanted);
  },

  "WRITE SAME with blocks of 4096 bytes": async (server) => {
    await using session = await openReady(server, [LARGE_BLOCKS]);
    const options = { lun: LARGE_BLOCKS, blocksize: 4096 };
    const block = patternBytes(4096, 2);
    const result = await session.command(writeSame10(5, 30), { lun: LARGE_BLOCKS, write: block });
    assertGood(result);
    assertSameBytes(await readBlocks(session, 5, 30, options), repeated(block, 30));
    assertSameBytes(await readBlocks(session, 35, 1, options), new Uint8Array(4096));
  },

  "WRITE SAME of no blocks is an invalid field, as WSNZ says": async (server) => {
    await using session = await openReady(server);
    for (const [build, byte] of [[writeSame10, 7], [writeSame16, 10]] as const) {
      const result = await session.command(build(0, 0), { write: BLOCK });
      assertSense(result, "05/24/00");
      assert.equal(result.sense?.fieldPointer?.byte, byte);
    }
  },

  "WRITE SAME refuses ANCHOR, and UNMAP on a thick disk": async (server) => {
    await using session = await openReady(server, [THICK, THIN]);
    for (const build of [writeSame10, writeSame16]) {
      for (const lun of [THICK, THIN]) {
        const anchor = await session.command(build(0, 8, ANCHOR | UNMAP), { lun, write: BLOCK });
        assertSense(anchor, "05/24/00");
        assert.equal(anchor.sense?.fieldPointer?.byte, 1);
      }
      const result = await session.command(build(0, 8, UNMAP), { lun: THICK, write: ZEROS });
      assertSense(result, "05/24/00");
      assert.equal(result.sense?.fieldPointer?.byte, 1);
    }
  },

  "WRITE SAME beyond the end is out of range and writes nothing": async (server) => {
    await using session = await openReady(server);
    await writeBlocks(session, BLOCKS - 4, repeated(ZEROS, 4));
    for (const build of [writeSame10, writeSame16]) {
      const result = await session.command(build(BLOCKS - 4, 5), { write: BLOCK });
      assertSense(result, "05/21/00");
    }
    assertSameBytes(await readBlocks(session, BLOCKS - 4, 4), repeated(ZEROS, 4));
  },

  "WRITE SAME with UNMAP gives blocks back, and they read zeros": async (server) => {
    await using session = await openReady(server, [THIN]);
    const path = `${server.dir}/disk${THIN}.img`;
    for (const build of [writeSame10, writeSame16]) {
      await writeBlocks(session, 0, repeated(BLOCK, 8192), { lun: THIN });
      const before = await allocated(path);
      const command = build(0, 8192, UNMAP);
      assertGood(await session.command(command, { lun: THIN, write: ZEROS }));
      assertSameBytes(await readBlocks(session, 0, 64, { lun: THIN }), repeated(ZEROS, 64));
      if (MAKES_HOLES) assert(await allocated(path) < before, "the file got holes");
    }
  },

  "UNMAP gives blocks back, and only these": async (server) => {
    await using session = await openReady(server, [THIN]);
    const path = `${server.dir}/disk${THIN}.img`;
    await writeBlocks(session, 0, repeated(BLOCK, 8192), { lun: THIN });
    const before = await allocated(path);
    const write = unmapList([{ lba: 8, blocks: 4096 }, { lba: 5000, blocks: 1 }]);
    assertGood(await session.command(unmap(write.length), { lun: THIN, write }));
    const data = await readBlocks(session, 0, 8192, { lun: THIN });
    for (
      const [lba, wanted] of [
        [7, BLOCK],
        [8, ZEROS],
        [4103, ZEROS],
        [4104, BLOCK],
        [4999, BLOCK],
        [5000, ZEROS],
        [5001, BLOCK],
      ] as const
    ) {
      assertSameBytes(data.subarray(lba * 512, (lba + 1) * 512), wanted, `LBA ${lba}`);
    }
    if (MAKES_HOLES) assert(await allocated(path) < before, "the file got holes");
  },

  "UNMAP with nothing to do is GOOD": async (server) => {
    await using session = await openReady(server, [THIN]);
    assertGood(await session.command(unmap(0), { lun: THIN }));
    for (const ranges of [[], [{ lba: 3, blocks: 0 }]]) {
      const write = unmapList(ranges);
      assertGood(await session.command(unmap(write.length), { lun: THIN, write }));
    }
  },

  "UNMAP beyond the end changes nothing": async (server) => {
    await using session = await openReady(server, [THIN]);
    await writeBlocks(session, 0, repeated(BLOCK, 8), { lun: THIN });
    for (
      const bad of [
        { lba: BLOCKS, blocks: 1 },
        { lba: BLOCKS - 1, blocks: 2 },
        { lba: 2 ** 52, blocks: 1 },
      ]
    ) {
      const write = unmapList([{ lba: 0, blocks: 8 }, bad]);
      const result = await session.command(unmap(write.length), { lun: THIN, write });
      assertSense(result, "05/21/00");
    }
    assertSameBytes(await readBlocks(session, 0, 8, { lun: THIN }), repeated(BLOCK, 8));
  },

  "UNMAP with more descriptors than VPD B0h allows is refused": async (server) => {
    await using session = await openReady(server, [THIN]);
    const write = unmapList(Array.from({ length: 4000 }, (_, i) => ({ lba: i, blocks: 1 })));
    const result = await session.command(unmap(write.length), { lun: THIN, write });
    if (result.status !== 0) assertSense(result, "05/26/00");
    else assertSameBytes(await readBlocks(session, 3999, 1, { lun: THIN }), ZEROS);
  },

  "UNMAP refuses ANCHOR and a list too short for its header": async (server) => {
    await using session = await openReady(server, [THIN]);
    const write = unmapList([{ lba: 0, blocks: 1 }]);
    const anchor = await session.command(unmap(write.length, 1), { lun: THIN, write });
    assertSense(anchor, "05/24/00");
    const short = await session.command(unmap(4), { lun: THIN, write: write.subarray(0, 4) });
    assertSense(short, "05/1A/00");
  },

  "UNMAP ignores what stands behind its descriptors": async (server) => {
    await using session = await openReady(server, [THIN]);
    await writeBlocks(session, 0, repeated(BLOCK, 16), { lun: THIN });
    const write = unmapList([{ lba: 0, blocks: 4 }, { lba: 8, blocks: 4 }]);
    new DataView(write.buffer).setUint16(2, 16);
    assertGood(await session.command(unmap(write.length), { lun: THIN, write }));
    const wanted = concatBytes([repeated(ZEROS, 4), repeated(BLOCK, 12)]);
    assertSameBytes(await readBlocks(session, 0, 16, { lun: THIN }), wanted);
  },

  "UNMAP does not exist on a thick disk": async (server) => {
    await using session = await openReady(server, [THICK]);
    const write = unmapList([{ lba: 0, blocks: 1 }]);
    assertSense(await session.command(unmap(write.length), { write }), "05/20/00");
  },
});
