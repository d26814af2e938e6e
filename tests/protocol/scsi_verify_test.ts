/** VERIFY (SBC-3 5.30 to 5.33). */
import assert from "node:assert/strict";
import { assertGood, assertSense, readBlocks, writeBlocks } from "../harness/block_io.ts";
import { fileDisks } from "../harness/disks.ts";
import { assertSameBytes } from "../harness/same_bytes.ts";
import { openReady } from "../harness/sessions.ts";
import { suite } from "../harness/suite.ts";
import { patternBytes } from "../initiator/bytes.ts";
import { verify10, verify12, verify16 } from "../initiator/cdb.ts";

const MIB = 1 << 20;
const BLOCKS = 4 * MIB / 512;
const VERIFIES = [verify10, verify12, verify16];
/** BYTCHK in byte 1. */
const ALL_BLOCKS = 0x02;
const RESERVED = 0x04;
const ONE_BLOCK = 0x06;

const DATA = patternBytes(8 * 512, 1);

suite("VERIFY", fileDisks(4 * MIB, [{}, { blocksize: 4096 }]), {
  "without comparison it takes no data": async (server) => {
    await using session = await openReady(server);
    for (const verify of VERIFIES) {
      assertGood(await session.command(verify(0, 8)));
      assertGood(await session.command(verify(0, 0)));
      assertGood(await session.command(verify(BLOCKS - 1, 1)));
    }
  },

  "BYTCHK 1 compares every byte": async (server) => {
    await using session = await openReady(server);
    await writeBlocks(session, 10, DATA);
    for (const verify of VERIFIES) {
      assertGood(await session.command(verify(10, 8, ALL_BLOCKS), { write: DATA }));
      for (const at of [0, 1, 511, 512, 4095]) {
        const write = DATA.slice();
        write[at] = (write[at] ?? 0) ^ 1;
        const result = await session.command(verify(10, 8, ALL_BLOCKS), { write });
        assertSense(result, "0E/1D/00", `difference at ${at}`);
      }
    }
    assertSameBytes(await readBlocks(session, 10, 8), DATA, "VERIFY writes nothing");
  },

  "BYTCHK 3 compares each block with one": async (server) => {
    await using session = await openReady(server);
    const block = patternBytes(512, 2);
    const same = new Uint8Array(8 * 512);
    for (let at = 0; at < 8; at++) same.set(block, at * 512);
    await writeBlocks(session, 30, same);
    for (const verify of VERIFIES) {
      assertGood(await session.command(verify(30, 8, ONE_BLOCK), { write: block }));
    }
    same[7 * 512 + 100] = (same[7 * 512 + 100] ?? 0) ^ 0x80;
    await writeBlocks(session, 30, same);
    for (const verify of VERIFIES) {
      assertGood(await session.command(verify(30, 7, ONE_BLOCK), { write: block }));
      const result = await session.command(verify(30, 8, ONE_BLOCK), { write: block });
      assertSense(result, "0E/1D/00");
    }
  },

  "BYTCHK 2 is reserved": async (server) => {
    await using session = await openReady(server);
    for (const verify of VERIFIES) {
      const result = await session.command(verify(0, 1, RESERVED));
      assertSense(result, "05/24/00");
      assert.equal(result.sense?.fieldPointer?.byte, 1);
    }
  },

  "beyond the end is out of range": async (server) => {
    await using session = await openReady(server);
    for (const verify of VERIFIES) {
      assertSense(await session.command(verify(BLOCKS, 1)), "05/21/00");
      assertSense(await session.command(verify(BLOCKS - 1, 2)), "05/21/00");
      const result = await session.command(verify(BLOCKS - 1, 8, ALL_BLOCKS), { write: DATA });
      assertSense(result, "05/21/00");
    }
  },

  "blocks of 4096 bytes": async (server) => {
    await using session = await openReady(server, [1]);
    const data = patternBytes(2 * 4096, 3);
    await writeBlocks(session, 3, data, { lun: 1, blocksize: 4096 });
    const cdb = verify10(3, 2, ALL_BLOCKS);
    assertGood(await session.command(cdb, { lun: 1, write: data }));
    data[8191] = (data[8191] ?? 0) ^ 1;
    assertSense(await session.command(cdb, { lun: 1, write: data }), "0E/1D/00");
  },
});
