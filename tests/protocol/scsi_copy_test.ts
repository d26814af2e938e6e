/** Third-party copies over the network, with I/O workers that really sleep (SPC-4 6.4, SBC-3 5.62). */
import assert from "node:assert/strict";
import { assertGood, readBlocks, writeBlocks } from "../harness/block_io.ts";
import { copyCdb, copyList } from "../harness/copy_list.ts";
import { fileDisks } from "../harness/disks.ts";
import { sha256, writeRandomImage } from "../harness/image.ts";
import { populateList, rodCdb, rodInformationCdb, writeTokenList } from "../harness/rod_list.ts";
import { assertSameBytes } from "../harness/same_bytes.ts";
import { openReady } from "../harness/sessions.ts";
import { suite } from "../harness/suite.ts";
import { patternBytes } from "../initiator/bytes.ts";
import { TaskFunction } from "../initiator/requests.ts";
import type { Session, StartedCommand } from "../initiator/session.ts";

const MIB = 2 ** 20;
const SIZE = 64 * MIB;
const SOURCE_ID = "6025c5700000000000000000000000aa";
const DESTINATION_ID = "6025c5700000000000000000000000bb";
const BLOCKS = 16 * MIB / 512;
const LUNS = [0, 1];

const YAML = fileDisks(SIZE, [
  { naaId: SOURCE_ID, usn: "source" },
  { naaId: DESTINATION_ID, usn: "destination", thinProvisioned: true },
]);

/** Starts a copy of LUN 0 to LUN 1, all of it, 64 times a quarter. */
async function startCopy(session: Session, listId: number): Promise<StartedCommand> {
  const list = copyList({
    listId,
    targets: [{ naaId: SOURCE_ID }, { naaId: DESTINATION_ID }],
    segments: Array.from({ length: 64 }, (_, index) => {
      const lba = index % 4 * BLOCKS;
      return { blocks: BLOCKS, fromLba: lba, toLba: lba };
    }),
  });
  return await session.start(copyCdb(0x83, 0, list.length), { write: list });
}

suite("third-party copies", YAML, {
  "EXTENDED COPY of a gibibyte lets reads and writes through meanwhile": async (server) => {
    writeRandomImage(`${server.dir}/disk0.img`, SIZE);
    await using session = await openReady(server, LUNS);
    await using other = await openReady(server, LUNS);
    const copy = await startCopy(session, 1);
    let isCopying = true;
    const done = copy.done.then((result) => {
      isCopying = false;
      return result;
    });
    let passed = 0;
    const block = patternBytes(4096, 5);
    for (; isCopying; passed++) {
      await writeBlocks(other, BLOCKS * (passed % 4), block, { lun: 1 });
      await readBlocks(other, passed * 8, 8);
    }
    assertGood(await done, "EXTENDED COPY");
    assert(passed > 100, `${passed} rounds`);
  },

  "EXTENDED COPY leaves the destination as the source is": async (server) => {
    await using session = await openReady(server, LUNS);
    const copies = await Promise.all([1, 2, 3].map((listId) => startCopy(session, listId)));
    for (const { done } of copies) assertGood(await done, "EXTENDED COPY");
    assert.equal(sha256(`${server.dir}/disk1.img`), sha256(`${server.dir}/disk0.img`));
  },

  "EXTENDED COPY writes nothing more once ABORT TASK is answered and a write was made": async (
    server,
  ) => {
    await using session = await openReady(server, LUNS);
    const zeros = new Uint8Array(MIB);
    for (let lba = 0; lba < SIZE / 512; lba += MIB / 512) {
      await writeBlocks(session, lba, zeros, { lun: 1 });
    }
    const { itt } = await startCopy(session, 9);
    const fn = TaskFunction.AbortTask;
    assert.equal(await session.taskManagement(fn, { referencedTag: itt }), 0);
    session.forget(itt);
    // Whatever the copy was writing is waited for by a write to the same blocks.
    const block = patternBytes(512, 6);
    for (let lba = 0; lba < SIZE / 512; lba += MIB / 512) {
      await writeBlocks(session, lba, block, { lun: 1 });
    }
    const before = sha256(`${server.dir}/disk1.img`);
    await new Promise((resolve) => setTimeout(resolve, 200));
    assert.equal(sha256(`${server.dir}/disk1.img`), before);
    assertSameBytes(await readBlocks(session, 0, 1, { lun: 1 }), block);
  },

  "WRITE USING TOKEN copies what POPULATE TOKEN named": async (server) => {
    await using session = await openReady(server, LUNS);
    const populate = populateList([[1000, BLOCKS], [7, 9]]);
    assertGood(await session.command(rodCdb(0x10, populate.length, 77), { write: populate }));
    const answer = await session.command(rodInformationCdb(1024, 77), { read: 1024 });
    assertGood(answer);
    const token = answer.data.subarray(32 + 4 + 2);
    assert.equal(token.length, 512);
    const list = writeTokenList(token, [[3, 9 + BLOCKS]]);
    assertGood(await session.command(rodCdb(0x11, list.length, 78), { lun: 1, write: list }));
    for (
      const [from, to, blocks] of [[1000, 3, 64], [BLOCKS, BLOCKS - 997, 64], [7, BLOCKS + 3, 9]]
    ) {
      const wanted = await readBlocks(session, from!, blocks!);
      assertSameBytes(await readBlocks(session, to!, blocks!, { lun: 1 }), wanted);
    }
  },
});
