/** A file on a disk, most of which is not in memory: what is read and written goes to the I/O workers in batches. */
import { assertGood } from "../harness/block_io.ts";
import { assertNoBug } from "../harness/log.ts";
import { Random, testSeed } from "../harness/random.ts";
import { assertSameBytes } from "../harness/same_bytes.ts";
import { backingFile, diskYaml, startTestServer } from "../harness/server.ts";
import { openReady } from "../harness/sessions.ts";
import { toolOutput } from "../harness/tools.ts";
import type { Session } from "../initiator/session.ts";
import { read16, write16 } from "../initiator/cdb.ts";

const SIZE = 32 * 2 ** 20;
const BLOCK = 512;
/** A command works within a cell of its own, so that what a cell has is known whatever is under way. */
const CELL = 128 * 1024;
const CELLS = SIZE / CELL;
const SESSIONS = 4;
const ROUNDS = 3;
/** FORCE UNIT ACCESS (SBC-4 5.42). */
const FUA = 0x08;

/** Has the system forget what it keeps of a file in memory. */
async function forget(file: string): Promise<void> {
  await toolOutput("dd", [`of=${file}`, "oflag=nocache", "conv=notrunc,fdatasync", "count=0"]);
}

/** Reads some blocks of a cell and compares them with the model, or writes them to both. */
async function useCell(
  session: Session,
  cell: number,
  model: Uint8Array,
  random: Random,
  what: string,
): Promise<void> {
  const first = random.below(CELL / BLOCK);
  const blocks = 1 + random.below(CELL / BLOCK - first);
  const lba = cell * CELL / BLOCK + first;
  const mine = model.subarray(lba * BLOCK, (lba + blocks) * BLOCK);
  if (random.below(2) === 0) {
    const result = await session.command(read16(lba, blocks), { read: mine.length });
    assertGood(result, what);
    assertSameBytes(result.data, mine, what);
    return;
  }
  mine.set(random.bytes(mine.length));
  const cdb = write16(lba, blocks);
  if (random.below(3) === 0) cdb[1] = FUA;
  assertGood(await session.command(cdb, { write: mine.slice() }), what);
}

for (const writeThrough of [false, true]) {
  const how = writeThrough ? "through" : "back";
  Deno.test(`what sessions read and write side by side is right on a file on disk, written ${how}`, async () => {
    const seed = testSeed();
    const random = new Random(seed);
    const dir = await Deno.makeTempDir({ dir: "/var/tmp", prefix: "scst_test_" });
    try {
      const filename = backingFile(dir, "disk.img", SIZE);
      const model = random.bytes(SIZE);
      await Deno.writeFile(filename, model);
      await using server = await startTestServer(diskYaml([{ filename, writeThrough }]));
      const sessions = await Promise.all(
        Array.from(
          { length: SESSIONS },
          (_, index) =>
            openReady(server, [0], { initiatorName: `iqn.2026-11.org.example.test:disk${index}` }),
        ),
      );
      for (let round = 0; round < ROUNDS; round++) {
        await forget(filename);
        // All that is random is chosen before anything is waited for.
        const cells = Array.from({ length: CELLS }, (_, cell) => {
          const what = `SCST_TEST_SEED=${seed}, round ${round}, cell ${cell}`;
          return useCell(sessions[cell % SESSIONS]!, cell, model, random, what);
        });
        await Promise.all(cells);
      }
      for (const session of sessions) await session.logout();
      assertNoBug(server);
      assertSameBytes(await Deno.readFile(filename), model, `SCST_TEST_SEED=${seed}`);
    } finally {
      await Deno.remove(dir, { recursive: true });
    }
  });
}
