/** COMPARE AND WRITE and ORWRITE from several sessions at once (SBC-4 5.3, 5.8). */
import assert from "node:assert/strict";
import { assertGood, readBlocks, writeBlocks } from "../harness/block_io.ts";
import { fileDisks } from "../harness/disks.ts";
import { inParallel } from "../harness/parallel.ts";
import { openReady } from "../harness/sessions.ts";
import { suite } from "../harness/suite.ts";
import { concatBytes } from "../initiator/bytes.ts";
import { compareAndWrite, orWrite16 } from "../initiator/cdb.ts";
import { senseText } from "../initiator/sense.ts";
import type { Session } from "../initiator/session.ts";

const BLOCKS = 8;
const SESSIONS = 4;
const ROUNDS = 50;
const MISCOMPARE = "0E/1D/00";

/** BLOCKS blocks that all say the same number. */
function saying(number: number): Uint8Array {
  const bytes = new Uint8Array(BLOCKS * 512);
  const view = new DataView(bytes.buffer);
  for (let at = 0; at < bytes.length; at += 4) view.setUint32(at, number);
  return bytes;
}

/** The number that all of the blocks say. */
function saidBy(bytes: Uint8Array): number {
  const number = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
  assert.deepEqual(bytes, saying(number), "a read sees a write in part");
  return number;
}

/** Adds one to what the blocks say, as often as it takes. Returns what was seen before. */
async function increment(session: Session, lba: number): Promise<number> {
  for (;;) {
    const seen = saidBy(await readBlocks(session, lba, BLOCKS));
    const write = concatBytes([saying(seen), saying(seen + 1)]);
    const result = await session.command(compareAndWrite(lba, BLOCKS), { write });
    if (result.status === 0) return seen;
    assert.equal(senseText(result.sense), MISCOMPARE);
  }
}

suite("COMPARE AND WRITE", fileDisks(1 << 20), {
  "several sessions count together, and no count is lost": async (server) => {
    const sessions = await Promise.all(
      Array.from({ length: SESSIONS }, () => openReady(server)),
    );
    try {
      await writeBlocks(sessions[0]!, 100, saying(0));
      const seen = new Set<number>();
      await inParallel(SESSIONS, SESSIONS, async (index) => {
        for (let round = 0; round < ROUNDS; round++) {
          seen.add(await increment(sessions[index]!, 100));
        }
      });
      assert.equal(seen.size, SESSIONS * ROUNDS, "every number is left once");
      assert.equal(saidBy(await readBlocks(sessions[0]!, 100, BLOCKS)), SESSIONS * ROUNDS);
    } finally {
      for (const session of sessions) await session[Symbol.asyncDispose]();
    }
  },

  "every bit that ORWRITE sets from several sessions stays set": async (server) => {
    await using first = await openReady(server);
    await using second = await openReady(server);
    await writeBlocks(first, 7, new Uint8Array(512));
    await inParallel(4096, 16, async (bit) => {
      const write = new Uint8Array(512);
      write[bit >> 3] = 1 << (bit & 7);
      assertGood(await (bit % 2 ? first : second).command(orWrite16(7, 1), { write }));
    });
    assert((await readBlocks(first, 7, 1)).every((byte) => byte === 0xff));
  },
});
