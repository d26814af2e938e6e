/** Residual counts and transfers in a direction that the flags do not allow (RFC 7143 11.4.5). */
import assert from "node:assert/strict";
import { assertGood, readBlocks, writeBlocks } from "../harness/block_io.ts";
import { fileDisks } from "../harness/disks.ts";
import { assertSameBytes } from "../harness/same_bytes.ts";
import { openReady, openSteered } from "../harness/sessions.ts";
import { suite } from "../harness/suite.ts";
import { concatBytes, patternBytes } from "../initiator/bytes.ts";
import { inquiry, read10, testUnitReady, write10 } from "../initiator/cdb.ts";
import { keysWith } from "../initiator/login.ts";
import { Field, FINAL, Opcode } from "../initiator/pdu.ts";
import { READ, WRITE } from "../initiator/requests.ts";

const OLD = patternBytes(4 * 512, 1);
const NEW = patternBytes(4 * 512, 2);
/** O and U in the flags of a SCSI Response. */
const OVERFLOW = 4;
const UNDERFLOW = 2;

suite("residuals", fileDisks(1 << 20), {
  "a read that expects more than the CDB asks for: underflow": async (server) => {
    await using session = await openReady(server);
    await writeBlocks(session, 0, OLD);
    for (const extra of [1, 3, 512, 10000]) {
      const result = await session.command(read10(0, 2), { read: 1024 + extra });
      assertGood(result);
      assert.deepEqual([result.underflow, result.overflow, result.residual], [true, false, extra]);
      assertSameBytes(result.data, OLD.subarray(0, 1024));
    }
  },

  "a read that expects less than the CDB asks for: overflow, data cut off": async (server) => {
    await using session = await openReady(server);
    await writeBlocks(session, 0, OLD);
    for (const expected of [1, 511, 512, 1000, 2047]) {
      const result = await session.command(read10(0, 4), { read: expected });
      assertGood(result);
      const residual = 2048 - expected;
      assert.deepEqual([result.overflow, result.underflow, result.residual], [
        true,
        false,
        residual,
      ]);
      assertSameBytes(result.data, OLD.subarray(0, expected));
    }
  },

  "a read that expects nothing: overflow of everything": async (server) => {
    using session = await openSteered(server);
    const itt = await session.sendCommand({ cdb: read10(0, 1) });
    const response = await session.expect(Opcode.ScsiResponse, itt);
    assert.equal(response.flags & (OVERFLOW | UNDERFLOW), OVERFLOW);
    assert.equal(response.u32(Field.residual), 512);
    assert.deepEqual(await session.fence(), []);
  },

  "INQUIRY with a longer allocation length than data: underflow": async (server) => {
    await using session = await openReady(server);
    const { data, underflow, residual } = await session.command(inquiry(255), { read: 255 });
    assert.equal(underflow, true);
    assert.equal(data.length + residual, 255);
    assert.equal(data.length, (data[4] ?? 0) + 5, "ADDITIONAL LENGTH");
  },

  "TEST UNIT READY with an expected length: underflow of all of it": async (server) => {
    await using session = await openReady(server);
    const result = await session.command(testUnitReady(), { read: 100 });
    assertGood(result);
    assert.deepEqual([result.underflow, result.residual], [true, 100]);
  },

  "a write that offers more than the CDB asks for: underflow, the rest goes nowhere": async (
    server,
  ) => {
    for (const [initialR2T, immediateData] of [["No", "Yes"], ["Yes", "No"]]) {
      const keys = keysWith({ InitialR2T: initialR2T ?? "", ImmediateData: immediateData ?? "" });
      await using session = await openReady(server, [0], { keys });
      await writeBlocks(session, 8, OLD);
      const result = await session.command(write10(8, 2), { write: NEW });
      assertGood(result);
      assert.deepEqual([result.underflow, result.overflow, result.residual], [true, false, 1024]);
      const wanted = concatBytes([NEW.subarray(0, 1024), OLD.subarray(1024)]);
      assertSameBytes(await readBlocks(session, 8, 4), wanted);
    }
  },

  "a write that offers less than the CDB asks for: overflow, no block beyond the data": async (
    server,
  ) => {
    for (const [initialR2T, immediateData] of [["No", "Yes"], ["Yes", "No"]]) {
      const keys = keysWith({ InitialR2T: initialR2T ?? "", ImmediateData: immediateData ?? "" });
      await using session = await openReady(server, [0], { keys });
      for (const offered of [512, 1000]) {
        await writeBlocks(session, 16, OLD);
        const write = NEW.subarray(0, offered);
        const result = await session.command(write10(16, 4), { write });
        const residual = 2048 - offered;
        assert.deepEqual([result.overflow, result.underflow], [true, false]);
        assert.equal(result.residual, residual);
        const after = await readBlocks(session, 16, 4);
        const whole = Math.floor(offered / 512) * 512;
        assertSameBytes(after.subarray(whole), OLD.subarray(whole), "blocks without data");
        const wanted = after[0] === NEW[0] ? NEW : OLD;
        assertSameBytes(after.subarray(0, whole), wanted.subarray(0, whole), "blocks with data");
      }
    }
  },

  "a write without the W bit writes nothing": async (server) => {
    await using bystander = await openReady(server);
    await writeBlocks(bystander, 24, OLD);
    using session = await openSteered(server);
    for (const flags of [FINAL | 1, FINAL | READ | 1]) {
      const expectedLength = (flags & READ) === 0 ? 0 : 512;
      const itt = await session.sendCommand({ cdb: write10(24, 1), flags, expectedLength });
      const response = await session.expect(Opcode.ScsiResponse, itt);
      const good = response.u8(Field.status) === 0;
      assert(!good || response.u32(Field.residual) === 512, "GOOD needs a residual");
    }
    assert.deepEqual(await session.fence(), []);
    assertSameBytes(await readBlocks(bystander, 24, 4), OLD);
  },

  "a read with the W bit instead of R sends no data": async (server) => {
    const keys = keysWith({ InitialR2T: "Yes", ImmediateData: "No" });
    using session = await openSteered(server, { keys });
    const flags = FINAL | WRITE | 1;
    const itt = await session.sendCommand({ cdb: read10(0, 1), flags, expectedLength: 512 });
    const response = await session.expect(Opcode.ScsiResponse, itt);
    const good = response.u8(Field.status) === 0;
    assert(!good || (response.flags & (OVERFLOW | UNDERFLOW)) !== 0, "GOOD needs a residual");
    assert.deepEqual(await session.fence(), []);
  },
});
