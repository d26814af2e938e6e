/** READ, WRITE and SYNCHRONIZE CACHE of every CDB length (SBC-3 5). */
import assert from "node:assert/strict";
import { assertGood, assertSense, readBlocks, writeBlocks } from "../harness/block_io.ts";
import { backingFile, diskYaml } from "../harness/server.ts";
import { assertSameBytes } from "../harness/same_bytes.ts";
import { openReady } from "../harness/sessions.ts";
import { suite } from "../harness/suite.ts";
import { patternBytes } from "../initiator/bytes.ts";
import * as cdb from "../initiator/cdb.ts";
import { Session } from "../initiator/session.ts";

const MIB = 1 << 20;
const PLAIN = 0;
const LARGE_BLOCKS = 1;
const READ_ONLY = 2;
const NULLIO = 3;
const HUGE = 4;
const BLOCKS = 16 * MIB / 512;
/** More blocks than a 32-bit LBA reaches. */
const HUGE_BLOCKS = 3 * 2 ** 40 / 512;

function yaml(dir: string): string {
  Deno.writeFileSync(`${dir}/written`, patternBytes(MIB, 77));
  return diskYaml([
    { filename: backingFile(dir, "plain", 16 * MIB) },
    { filename: backingFile(dir, "large", 16 * MIB), blocksize: 4096 },
    { filename: `${dir}/written`, readOnly: true },
    { size: "1TiB" },
    { filename: backingFile(dir, "huge", HUGE_BLOCKS * 512) },
  ]);
}

type Transfer = (lba: number, blocks: number, flags?: number) => Uint8Array;
const READS: readonly (readonly [string, Transfer])[] = [
  ["READ(6)", cdb.read6],
  ["READ(10)", cdb.read10],
  ["READ(12)", cdb.read12],
  ["READ(16)", cdb.read16],
];
const WRITES: readonly (readonly [string, Transfer])[] = [
  ["WRITE(6)", cdb.write6],
  ["WRITE(10)", cdb.write10],
  ["WRITE(12)", cdb.write12],
  ["WRITE(16)", cdb.write16],
];
const DPO = 0x10;
const FUA = 0x08;

/** Opens a session that is ready on all LUNs. */
async function open(server: { host: string; port: number }): Promise<Session> {
  return await openReady(server, [PLAIN, LARGE_BLOCKS, READ_ONLY, NULLIO, HUGE]);
}

suite("READ and WRITE", yaml, {
  "what one CDB length writes every other reads": async (server) => {
    await using session = await open(server);
    for (const [index, [writeName, write]] of WRITES.entries()) {
      const data = patternBytes(5 * 512, index);
      assertGood(await session.command(write(1000, 5), { write: data }), writeName);
      for (const [name, read] of READS) {
        const result = await session.command(read(1000, 5), { read: 5 * 512 });
        assertGood(result, name);
        assertSameBytes(result.data, data, `${writeName}, ${name}`);
      }
    }
  },

  "READ(6) and WRITE(6) of length 0 are 256 blocks": async (server) => {
    await using session = await open(server);
    const data = patternBytes(256 * 512, 9);
    assertGood(await session.command(cdb.write6(2000, 0), { write: data }));
    const result = await session.command(cdb.read6(2000, 0), { read: data.length });
    assertGood(result);
    assertSameBytes(result.data, data);
  },

  "a length of 0 transfers nothing, elsewhere": async (server) => {
    await using session = await open(server);
    for (const [name, build] of [...READS, ...WRITES].filter(([name]) => !name.endsWith("(6)"))) {
      assertGood(await session.command(build(10, 0)), name);
    }
  },

  "DPO and FUA are taken": async (server) => {
    await using session = await open(server);
    const data = patternBytes(512, 10);
    for (const flags of [DPO, FUA, DPO | FUA]) {
      assertGood(await session.command(cdb.write10(5, 1, flags), { write: data }));
      assertGood(await session.command(cdb.read16(5, 1, flags), { read: 512 }));
    }
  },

  "protection information is refused where there is none": async (server) => {
    await using session = await open(server);
    const RDPROTECT = 0x20;
    const result = await session.command(cdb.read10(0, 1, RDPROTECT), { read: 512 });
    assertSense(result, "05/24/00");
    assert.equal(result.sense?.fieldPointer?.byte, 1);
    const data = patternBytes(512, 11);
    assertSense(await session.command(cdb.write16(0, 1, RDPROTECT), { write: data }), "05/24/00");
  },

  "the last block is there, the next is not": async (server) => {
    await using session = await open(server);
    const data = patternBytes(512, 12);
    for (const [name, write] of WRITES) {
      const last = name === "WRITE(6)" ? Math.min(BLOCKS - 1, 0x1fffff) : BLOCKS - 1;
      assertGood(await session.command(write(last, 1), { write: data }), name);
      const two = patternBytes(1024, 13);
      const over = await session.command(write(last, 2), { write: two });
      assertSense(over, "05/21/00", `${name} over the end`);
      assertSense(await session.command(write(BLOCKS, 1), { write: data }), "05/21/00", name);
    }
    for (const [name, read] of READS) {
      const result = await session.command(read(BLOCKS - 1, 1), { read: 512 });
      assertGood(result, name);
      assertSameBytes(result.data, data, "a refused write leaves the block");
      assertSense(await session.command(read(BLOCKS - 1, 2), { read: 1024 }), "05/21/00", name);
      assertSense(await session.command(read(BLOCKS, 1), { read: 512 }), "05/21/00", name);
    }
  },

  "an LBA beyond the end is out of range, even with length 0": async (server) => {
    await using session = await open(server);
    for (const build of [cdb.read10, cdb.write10, cdb.read12, cdb.read16, cdb.write16]) {
      assertSense(await session.command(build(BLOCKS, 0)), "05/21/00");
      assertSense(await session.command(build(0xffffffff, 0)), "05/21/00");
    }
    for (const lba of [2n ** 32n, 2n ** 53n, 2n ** 63n, 2n ** 64n - 1n]) {
      const result = await session.command(cdb.read16(lba, 1), { read: 512 });
      assertSense(result, "05/21/00", String(lba));
      const write = patternBytes(512, 3);
      assertSense(await session.command(cdb.write16(lba, 1), { write }), "05/21/00", String(lba));
    }
  },

  "more than MAXIMUM TRANSFER LENGTH is refused": async (server) => {
    await using session = await open(server);
    const tooMany = (8 << 20) / 512 + 1;
    const result = await session.command(cdb.read10(0, tooMany), { read: 512 });
    assertSense(result, "05/24/00");
    assert.equal(result.sense?.fieldPointer?.byte, 7);
    assertSense(await session.command(cdb.read16(0, 0xffffffff), { read: 512 }), "05/24/00");
  },

  "an LBA beyond 32 bits is one of its own": async (server) => {
    await using session = await open(server);
    const low = 12345;
    const high = 2 ** 32 + low;
    const [first, second] = [patternBytes(512, 20), patternBytes(512, 21)];
    await writeBlocks(session, low, first, { lun: HUGE });
    await writeBlocks(session, high, second, { lun: HUGE });
    await writeBlocks(session, HUGE_BLOCKS - 1, first, { lun: HUGE });
    assertSameBytes(await readBlocks(session, low, 1, { lun: HUGE }), first);
    assertSameBytes(await readBlocks(session, high, 1, { lun: HUGE }), second);
    assertSameBytes(await readBlocks(session, HUGE_BLOCKS - 1, 1, { lun: HUGE }), first);
  },

  "blocks of 4096 bytes": async (server) => {
    await using session = await open(server);
    const lun = LARGE_BLOCKS;
    const data = patternBytes(3 * 4096, 22);
    await writeBlocks(session, 100, data, { lun, blocksize: 4096 });
    assertSameBytes(await readBlocks(session, 100, 3, { lun, blocksize: 4096 }), data);
    const last = 16 * MIB / 4096 - 1;
    assertGood(await session.command(cdb.read10(last, 1), { lun, read: 4096 }));
    assertSense(await session.command(cdb.read10(last + 1, 1), { lun, read: 4096 }), "05/21/00");
  },

  "a read-only LUN is read and not written": async (server) => {
    await using session = await open(server);
    const lun = READ_ONLY;
    const before = await readBlocks(session, 0, 8, { lun });
    assertSameBytes(before, patternBytes(MIB, 77).subarray(0, 4096));
    const write = patternBytes(512, 23);
    for (const [name, build] of WRITES) {
      assertSense(await session.command(build(0, 1), { lun, write }), "07/27/00", name);
    }
    const writeSame = await session.command(cdb.writeSame10(0, 8), { lun, write });
    assertSense(writeSame, "07/27/00", "WRITE SAME(10)");
    assertSameBytes(await readBlocks(session, 0, 8, { lun }), before);
  },

  "the null device reads zeros, whatever is written": async (server) => {
    await using session = await open(server);
    await writeBlocks(session, 0, patternBytes(65536, 24), { lun: NULLIO });
    assertSameBytes(await readBlocks(session, 0, 128, { lun: NULLIO }), new Uint8Array(65536));
  },

  "SYNCHRONIZE CACHE of all, of a part, with IMMED, and beyond the end": async (server) => {
    await using session = await open(server);
    const IMMED = 0x02;
    for (const build of [cdb.synchronizeCache10, cdb.synchronizeCache16]) {
      for (const lun of [PLAIN, LARGE_BLOCKS, NULLIO]) {
        assertGood(await session.command(build(0, 0), { lun }));
        assertGood(await session.command(build(8, 16), { lun }));
        assertGood(await session.command(build(0, 0, IMMED), { lun }));
      }
      assertSense(await session.command(build(BLOCKS + 1, 0)), "05/21/00");
      assertSense(await session.command(build(BLOCKS - 1, 2)), "05/21/00");
    }
  },

  "what was written is in the backing file once the cache is synchronized": async (server) => {
    await using session = await open(server);
    const data = patternBytes(4096, 25);
    await writeBlocks(session, 64, data);
    assertGood(await session.command(cdb.synchronizeCache10(64, 8)));
    using file = await Deno.open(`${server.dir}/plain`);
    await file.seek(64 * 512, Deno.SeekMode.Start);
    const found = new Uint8Array(4096);
    assert.equal(await file.read(found), 4096);
    assertSameBytes(found, data);
  },
});
