/** READ CAPACITY and REPORT LUNS (SBC-3 5.16, 5.17; SPC-4 6.33). */
import assert from "node:assert/strict";
import { assertGood, assertSense } from "../harness/block_io.ts";
import { backingFile, diskYaml } from "../harness/server.ts";
import { openReady, openSession } from "../harness/sessions.ts";
import { suite } from "../harness/suite.ts";
import { readCapacity10, readCapacity16, reportLuns } from "../initiator/cdb.ts";
import { decodeLun } from "../initiator/lun.ts";
import type { Session } from "../initiator/session.ts";

const MIB = 1 << 20;
const LARGE_BLOCKS = 7;
const THIN = 300;
const HUGE = 16383;
/** Five half TiB: the size of a null device that has none configured. */
const NULLIO_SIZE = 5 * 2 ** 39;

function yaml(dir: string): string {
  return diskYaml([
    { lun: 0, filename: backingFile(dir, "whole", 3 * MIB) },
    { lun: LARGE_BLOCKS, filename: backingFile(dir, "large", 4 * MIB), blocksize: 4096 },
    { lun: THIN, filename: backingFile(dir, "part", 4 * MIB), size: "1MiB", thinProvisioned: true },
    { lun: HUGE },
  ]);
}

function viewOf(data: Uint8Array): DataView {
  return new DataView(data.buffer, data.byteOffset, data.byteLength);
}

async function luns(session: Session, length: number, select: number, lun = 0): Promise<number[]> {
  const result = await session.command(reportLuns(length, select), { lun, read: length });
  assertGood(result, "REPORT LUNS");
  const view = viewOf(result.data);
  assert.equal(view.getUint32(0), 4 * 8, "LUN LIST LENGTH tells of all");
  const found: number[] = [];
  for (let at = 8; at + 8 <= result.data.length; at += 8) {
    found.push(decodeLun(result.data.subarray(at, at + 8)));
  }
  return found;
}

suite("capacity and LUNs", yaml, {
  "READ CAPACITY(10)": async (server) => {
    await using session = await openReady(server, [0, LARGE_BLOCKS, THIN, HUGE]);
    for (
      const [lun, last, blocksize] of [
        [0, 3 * MIB / 512 - 1, 512],
        [LARGE_BLOCKS, 4 * MIB / 4096 - 1, 4096],
        [THIN, MIB / 512 - 1, 512],
        [HUGE, 0xffffffff, 512],
      ] as const
    ) {
      const result = await session.command(readCapacity10(), { lun, read: 8 });
      assertGood(result);
      const view = viewOf(result.data);
      assert.deepEqual([view.getUint32(0), view.getUint32(4)], [last, blocksize], `LUN ${lun}`);
    }
  },

  "READ CAPACITY(16)": async (server) => {
    await using session = await openReady(server, [0, LARGE_BLOCKS, THIN, HUGE]);
    for (
      const [lun, last, blocksize] of [
        [0, 3 * MIB / 512 - 1, 512],
        [LARGE_BLOCKS, 4 * MIB / 4096 - 1, 4096],
        [THIN, MIB / 512 - 1, 512],
        [HUGE, NULLIO_SIZE / 512 - 1, 512],
      ] as const
    ) {
      const result = await session.command(readCapacity16(32), { lun, read: 32 });
      assertGood(result);
      assert.equal(result.data.length, 32);
      const view = viewOf(result.data);
      assert.equal(view.getBigUint64(0), BigInt(last), `LUN ${lun}`);
      assert.equal(view.getUint32(8), blocksize);
      assert.equal(view.getUint8(12), 0, "no protection information");
      const lbpme = (view.getUint8(14) & 0x80) !== 0;
      assert.equal(lbpme, lun === THIN, "LBPME");
      assert(blocksize << (view.getUint8(13) & 0xf) <= 65536, "physical block");
    }
  },

  "READ CAPACITY(16) is cut off at its allocation length": async (server) => {
    await using session = await openReady(server);
    for (const length of [0, 8, 12, 31]) {
      const result = await session.command(readCapacity16(length), { read: 32 });
      assertGood(result);
      assert.deepEqual([result.data.length, result.residual], [length, 32 - length]);
    }
  },

  "REPORT LUNS lists every LUN, by either addressing method": async (server) => {
    await using session = await openSession(server);
    const wanted = [0, LARGE_BLOCKS, THIN, HUGE];
    for (const select of [0, 2]) {
      const found = await luns(session, 4096, select);
      assert.deepEqual(found.toSorted((a, b) => a - b), wanted);
    }
    assert.equal((await luns(session, 4096, 0, 99)).length, 4, "on a LUN that is not there");
  },

  "REPORT LUNS is cut off at its allocation length": async (server) => {
    await using session = await openSession(server);
    assert.equal((await luns(session, 16, 0)).length, 1);
    assert.equal((await luns(session, 31, 0)).length, 2);
  },

  "REPORT LUNS has no well known units": async (server) => {
    await using session = await openSession(server);
    const result = await session.command(reportLuns(64, 1), { read: 64 });
    if (result.status === 0) assert.equal(viewOf(result.data).getUint32(0), 0);
    else assertSense(result, "05/24/00");
  },

  "REPORT LUNS with an unknown SELECT REPORT is an invalid field": async (server) => {
    await using session = await openReady(server);
    const result = await session.command(reportLuns(64, 0x55), { read: 64 });
    assertSense(result, "05/24/00");
    assert.equal(result.sense?.fieldPointer?.byte, 2);
  },

  "the LUNs are different disks": async (server) => {
    await using session = await openReady(server, [0, THIN, HUGE]);
    for (const lun of [THIN, HUGE]) {
      const { data } = await session.command(readCapacity16(32), { lun, read: 32 });
      const { data: first } = await session.command(readCapacity16(32), { read: 32 });
      assert.notDeepEqual(data, first);
    }
  },
});
