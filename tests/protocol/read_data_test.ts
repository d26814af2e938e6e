/** Data-In: segments, sequences and the status that comes with the last (RFC 7143 11.7). */
import assert from "node:assert/strict";
import { assertGood, readBlocks, writeBlocks } from "../harness/block_io.ts";
import { fileDisks } from "../harness/disks.ts";
import { assertSameBytes } from "../harness/same_bytes.ts";
import { openReady, openSteered } from "../harness/sessions.ts";
import { suite } from "../harness/suite.ts";
import { patternBytes } from "../initiator/bytes.ts";
import { read10 } from "../initiator/cdb.ts";
import { keysWith } from "../initiator/login.ts";
import { Field, FINAL, NO_TAG, Opcode } from "../initiator/pdu.ts";
import { READ } from "../initiator/requests.ts";

const DATA = patternBytes(256 * 512, 42);

suite("read data", fileDisks(16 << 20), {
  "segments are no longer than the initiator takes": async (server) => {
    await using writer = await openReady(server);
    await writeBlocks(writer, 0, DATA);
    for (const length of ["512", "516", "1000", "4096", "65536", "262144"]) {
      const keys = keysWith({ MaxRecvDataSegmentLength: length });
      await using session = await openReady(server, [0], { keys });
      for (const blocks of [1, 2, 8, 129, 256]) {
        const data = await readBlocks(session, 0, blocks);
        assertSameBytes(data, DATA.subarray(0, blocks * 512), `${blocks} blocks by ${length}`);
      }
    }
  },

  "F stands at the end of every sequence of MaxBurstLength": async (server) => {
    await using writer = await openReady(server);
    await writeBlocks(writer, 0, DATA);
    const keys = keysWith({
      MaxRecvDataSegmentLength: "1024",
      MaxBurstLength: "4096",
      FirstBurstLength: "512",
    });
    await using session = await openReady(server, [0], { keys });
    const result = await session.command(read10(0, 20), { read: 20 * 512 });
    assertGood(result);
    assertSameBytes(result.data, DATA.subarray(0, 20 * 512));
    let inSequence = 0;
    for (const { length, final } of result.dataIn) {
      inSequence += length;
      assert(inSequence <= 4096);
      if (final) inSequence = 0;
    }
    assert.equal(result.dataIn.at(-1)?.final, true);
  },

  "GOOD comes with the last Data-In": async (server) => {
    using session = await openSteered(server);
    const flags = FINAL | READ | 1;
    const itt = await session.sendCommand({ cdb: read10(0, 1), flags, expectedLength: 512 });
    const pdu = await session.expect(Opcode.DataIn, itt);
    assert.equal(pdu.flags, FINAL | 1, "F and S, no residual");
    assert.equal(pdu.u8(Field.status), 0);
    assert.equal(pdu.u32(Field.ttt), NO_TAG);
    assert.equal(pdu.u32(Field.residual), 0);
    assert.deepEqual(await session.fence(), []);
  },

  "a read of 8 MiB": async (server) => {
    await using session = await openReady(server);
    const data = patternBytes(8 << 20, 43);
    await writeBlocks(session, 16384, data);
    assertSameBytes(await readBlocks(session, 16384, 16384), data);
  },

  "reads that come in one stream are answered, each with its data": async (server) => {
    await using session = await openReady(server);
    await writeBlocks(session, 0, DATA);
    const reads = Array.from({ length: 200 }, (_, i) => readBlocks(session, i, 1 + i % 32));
    for (const [i, data] of (await Promise.all(reads)).entries()) {
      assertSameBytes(data, DATA.subarray(i * 512, i * 512 + data.length), `read ${i}`);
    }
  },
});
