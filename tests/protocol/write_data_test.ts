/** Immediate, unsolicited and solicited data (RFC 7143 4.2.5.2, 11.7, 11.8), read back to compare. */
import assert from "node:assert/strict";
import { readBlocks, writeBlocks } from "../harness/block_io.ts";
import { fileDisks } from "../harness/disks.ts";
import { assertSameBytes } from "../harness/same_bytes.ts";
import { openReady, openSteered } from "../harness/sessions.ts";
import { suite } from "../harness/suite.ts";
import { patternBytes } from "../initiator/bytes.ts";
import { write10 } from "../initiator/cdb.ts";
import { keysWith } from "../initiator/login.ts";
import { Field, FINAL, Opcode, type Pdu } from "../initiator/pdu.ts";
import { dataOut, WRITE } from "../initiator/requests.ts";

let seed = 1;

suite("write data", fileDisks(16 << 20), {
  "all four ways of InitialR2T and ImmediateData, at lengths around every boundary": async (
    server,
  ) => {
    for (const initialR2T of ["Yes", "No"]) {
      for (const immediateData of ["Yes", "No"]) {
        const keys = keysWith({
          InitialR2T: initialR2T,
          ImmediateData: immediateData,
          FirstBurstLength: "2048",
          MaxBurstLength: "4096",
          MaxOutstandingR2T: "2",
        });
        await using session = await openReady(server, [0], { keys });
        assert.equal(session.parameters.firstBurstLength, 2048);
        for (const blocks of [1, 3, 4, 5, 8, 9, 12, 13, 64]) {
          const data = patternBytes(blocks * 512, seed++);
          const { r2ts } = await writeBlocks(session, 100, data);
          const unsolicited = initialR2T === "No" || immediateData === "Yes"
            ? Math.min(data.length, 2048)
            : 0;
          const asked = r2ts.reduce((sum, { length }) => sum + length, 0);
          assert.equal(asked, data.length - unsolicited);
          assertSameBytes(await readBlocks(session, 100, blocks), data);
        }
      }
    }
  },

  "immediate data alone, unsolicited data alone, and both with solicited data": async (server) => {
    const keys = keysWith({ FirstBurstLength: "8192", MaxBurstLength: "16384" });
    await using session = await openReady(server, [0], { keys });
    const data = patternBytes(40 * 512, seed++);
    const ways = [
      { immediate: 0, unsolicited: false },
      { immediate: 0 },
      { immediate: 512, unsolicited: false },
      { immediate: 512 },
      { immediate: 700 },
      { immediate: 8192 },
    ];
    for (const way of ways) {
      const changed = data.map((byte) => byte ^ ways.indexOf(way));
      await writeBlocks(session, 0, changed, way);
      assertSameBytes(await readBlocks(session, 0, 40), changed, JSON.stringify(way));
    }
  },

  "the smallest bursts that RFC 7143 allows": async (server) => {
    const keys = keysWith({
      FirstBurstLength: "512",
      MaxBurstLength: "512",
      MaxOutstandingR2T: "1",
      MaxRecvDataSegmentLength: "512",
    });
    await using session = await openReady(server, [0], { keys });
    const data = patternBytes(64 * 512, seed++);
    const { r2ts } = await writeBlocks(session, 7, data);
    assert.equal(r2ts.length, 63);
    assertSameBytes(await readBlocks(session, 7, 64), data);
  },

  "R2Ts ask for all data in order, no longer than MaxBurstLength": async (server) => {
    const keys = keysWith({ InitialR2T: "Yes", ImmediateData: "No", MaxBurstLength: "65536" });
    await using session = await openReady(server, [0], { keys });
    const { r2ts } = await writeBlocks(session, 0, patternBytes(300 * 512, seed++));
    assert.deepEqual(r2ts, [
      { offset: 0, length: 65536 },
      { offset: 65536, length: 65536 },
      { offset: 131072, length: 300 * 512 - 131072 },
    ]);
  },

  "no more R2Ts are out than MaxOutstandingR2T, and each answer brings the next": async (
    server,
  ) => {
    for (const limit of [1, 3]) {
      const keys = keysWith({
        InitialR2T: "Yes",
        ImmediateData: "No",
        MaxBurstLength: "512",
        MaxOutstandingR2T: String(limit),
      });
      using session = await openSteered(server, { keys });
      const data = patternBytes(8 * 512, seed++);
      const flags = FINAL | WRITE | 1;
      const itt = await session.sendCommand({
        cdb: write10(50, 8),
        flags,
        expectedLength: data.length,
      });
      const r2ts: Pdu[] = await session.fence();
      let answered = 0;
      while (answered < 8) {
        assert.equal(r2ts.length, Math.min(8, answered + limit));
        const r2t = r2ts[answered++];
        assert(r2t !== undefined);
        assert.equal(r2t.itt, itt);
        const offset = r2t.u32(Field.bufferOffset);
        await session.send(dataOut({
          itt,
          ttt: r2t.u32(Field.ttt),
          expStatSn: session.expStatSn,
          dataSn: 0,
          offset,
          data: data.subarray(offset, offset + 512),
          final: true,
        }));
        if (answered < 8) r2ts.push(...await session.fence());
      }
      const response = await session.expect(Opcode.ScsiResponse, itt);
      assert.equal(response.u8(Field.status), 0);
      session.close();
      await using reader = await openReady(server);
      assertSameBytes(await readBlocks(reader, 50, 8), data);
    }
  },

  "an R2T is answered by many small Data-Outs, each with its DataSN": async (server) => {
    const keys = keysWith({ InitialR2T: "Yes", ImmediateData: "No" });
    using session = await openSteered(server, { keys });
    const data = patternBytes(4096, seed++);
    const flags = FINAL | WRITE | 1;
    const itt = await session.sendCommand({ cdb: write10(90, 8), flags, expectedLength: 4096 });
    const ttt = (await session.expect(Opcode.R2T, itt)).u32(Field.ttt);
    const cuts = [0, 1, 2, 5, 512, 513, 1500, 4095, 4096];
    for (const [dataSn, offset] of cuts.slice(0, -1).entries()) {
      const end = cuts[dataSn + 1] ?? 0;
      await session.send(dataOut({
        itt,
        ttt,
        expStatSn: session.expStatSn,
        dataSn,
        offset,
        data: data.subarray(offset, end),
        final: end === 4096,
      }));
    }
    const response = await session.expect(Opcode.ScsiResponse, itt);
    assert.equal(response.u8(Field.status), 0);
    session.close();
    await using reader = await openReady(server);
    assertSameBytes(await readBlocks(reader, 90, 8), data);
  },

  "the data of many commands may come mixed": async (server) => {
    const keys = keysWith({ InitialR2T: "Yes", ImmediateData: "No", MaxBurstLength: "1024" });
    await using session = await openReady(server, [0], { keys });
    const writes = Array.from({ length: 32 }, (_, i) => patternBytes(4096, 1000 + i));
    await Promise.all(writes.map((data, i) => writeBlocks(session, 1000 + 8 * i, data)));
    for (const [i, data] of writes.entries()) {
      assertSameBytes(await readBlocks(session, 1000 + 8 * i, 8), data, `write ${i}`);
    }
  },

  "a write of 8 MiB": async (server) => {
    await using session = await openReady(server);
    const data = patternBytes(8 << 20, seed++);
    await writeBlocks(session, 0, data);
    assertSameBytes(await readBlocks(session, 0, 16384), data);
  },
});
