/** LOG SENSE of what the I/O workers find out: page 0Ch (SBC-4 6.4.4) on a file in a file system. */
import assert from "node:assert/strict";
import { assertGood } from "../harness/block_io.ts";
import { fileDisks } from "../harness/disks.ts";
import { openReady } from "../harness/sessions.ts";
import { suite } from "../harness/suite.ts";
import { patternBytes } from "../initiator/bytes.ts";
import { logSense, write10 } from "../initiator/cdb.ts";
import type { Session } from "../initiator/session.ts";

const MIB = 2 ** 20;
const PROVISIONING = 0x0c;

/** Threshold sets that are left, and that the disk takes. */
async function resources(session: Session): Promise<{ left: number; used: number }> {
  const result = await session.command(logSense(PROVISIONING, 255), { read: 255 });
  assertGood(result);
  const view = new DataView(result.data.buffer, result.data.byteOffset, result.data.byteLength);
  assert.equal(view.byteLength, 4 + 2 * 12);
  assert.deepEqual([view.getUint16(4), view.getUint16(16)], [1, 2]);
  return { left: view.getUint32(8), used: view.getUint32(20) };
}

suite("LOG SENSE", fileDisks(16 * MIB, [{ thinProvisioned: true }]), {
  "page 0Ch follows what is written": async (server) => {
    await using session = await openReady(server);
    const before = await resources(session);
    assert(before.left > 0);
    assert.equal(before.used, 0);
    const write = patternBytes(MIB, 1);
    for (const block of [0, 2048, 4096]) {
      assertGood(await session.command(write10(block, 2048), { write }));
    }
    assertGood(await session.command(new Uint8Array([0x35, ...Array(15).fill(0)])));
    assert.equal((await resources(session)).used, 3);
  },
});
