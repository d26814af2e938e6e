/** LBA and length of every row that has them: the end of the medium, and the limits of VPD page B0h. */
import assert from "node:assert/strict";
import type { Operation } from "../../lib/scst/operation.ts";
import { OPERATION_TABLE } from "../../lib/scst/opcodes.ts";
import { cdbOf, CONTENT, hasLba, layoutOf, lengthMost, validCommand } from "../harness/cdb_of.ts";
import { exchange, exchangeGood, exchangeSense } from "../harness/exchange.ts";
import { filledRig, isUnchanged } from "../harness/filled_rig.ts";
import { type Peer, Rig } from "../harness/rig.ts";
import { patternBytes } from "../initiator/bytes.ts";
import { inquiry } from "../initiator/cdb.ts";
import { senseText } from "../initiator/sense.ts";

const { rows } = OPERATION_TABLE;
const BLOCKS = CONTENT.length / 512;

Deno.test("every row with an LBA ends at the end of the medium", () => {
  using rig = filledRig();
  const peer = rig.login(1);
  const withLba = rows.filter(hasLba);
  assert(withLba.length >= 18);
  for (const row of withLba) {
    const { transfer } = validCommand(row);
    const most = 2n ** BigInt([21, 32, 32, 0, 64, 32][row.code >> 5]!) - 1n;
    const cases: [lba: bigint | number, length: number, information: number | undefined][] = [
      [BLOCKS, 1, BLOCKS],
      [BLOCKS - 1, 2, BLOCKS],
      [0, BLOCKS + 1, BLOCKS],
      [most, 1, most < 2n ** 32n ? Number(most) : undefined],
    ];
    for (const [lba, length, information] of cases) {
      const what = `${row.name}: ${length} blocks at ${lba}`;
      const sense = exchangeSense(peer, cdbOf(row, { lba, length }), "05/21/00", transfer, what);
      assert.equal(sense.information, information, what);
    }
    assert(isUnchanged(rig), row.name);
    const last = validCommand(row, BLOCKS - 1);
    exchangeGood(peer, last.cdb, last.transfer, row.name);
    Deno.writeFileSync(rig.path, CONTENT);
  }
});

Deno.test("a length of zero moves nothing, and in six bytes it is 256 blocks", () => {
  using rig = new Rig({ size: 256 * 512 });
  const peer = rig.login(1);
  for (const row of rows.filter(hasLba)) {
    const cdb = cdbOf(row, { lba: 0, length: 0 });
    if (row.name.startsWith("WRITE SAME")) {
      const write = new Uint8Array(512);
      const { fieldPointer } = exchangeSense(peer, cdb, "05/24/00", { write }, row.name);
      assert.equal(fieldPointer?.byte, layoutOf(row).length[0], `${row.name}: WSNZ`);
    } else if (layoutOf(row).cdb === 6) {
      const transfer = row.changesMedium ? { write: patternBytes(131072, 3) } : { read: 131072 };
      assert.equal(exchange(peer, cdb, transfer).residual, 0, row.name);
      exchangeSense(peer, cdbOf(row, { lba: 1, length: 0 }), "05/21/00", transfer, row.name);
    } else {
      exchangeGood(peer, cdb, {}, row.name);
    }
  }
});

/** What VPD page B0h says how many blocks one command of a row may have. */
function limitsOf(peer: Peer): (row: Operation) => number {
  const page = new DataView(exchangeGood(peer, inquiry(64, 0xb0), { read: 64 }).buffer);
  return ({ name }) => {
    if (name.startsWith("WRITE SAME")) return Number(page.getBigUint64(36));
    if (name.startsWith("WRITE ATOMIC")) return page.getUint32(44);
    return name === "COMPARE AND WRITE" ? page.getUint8(5) : page.getUint32(8);
  };
}

/** Whether the row moves blocks between the initiator and the medium. */
function transfersBlocks(row: Operation): boolean {
  return hasLba(row) && !/^(SYNC|PRE-FETCH)/.test(row.name);
}

/** Blocks of data-out for each block on the medium. */
const OUT_BLOCKS = new Map([["COMPARE AND WRITE", 2]]);

Deno.test("every row with a transfer length keeps to the limit of VPD page B0h", () => {
  using rig = new Rig({ null: true, size: 2 ** 40, blocksize: 65536 });
  const peer = rig.login(1);
  const limits = limitsOf(peer);
  for (const row of rows.filter(transfersBlocks)) {
    const same = row.name.startsWith("WRITE SAME");
    const limit = limits(row);
    const write = new Uint8Array((same ? 1 : limit * (OUT_BLOCKS.get(row.name) ?? 1)) * 65536);
    const transfer = row.changesMedium
      ? { write }
      : row.name.startsWith("READ")
      ? { read: 512 }
      : {};
    const six = layoutOf(row).cdb === 6;
    const most = six ? 256 : lengthMost(row);
    for (const blocks of [limit + 1, most].filter((blocks) => blocks > limit && blocks <= most)) {
      const length = six ? blocks & 0xff : blocks; // 0 stands for 256
      const cdb = cdbOf(row, { length });
      const what = `${row.name}: ${length} blocks`;
      const { fieldPointer } = exchangeSense(peer, cdb, "05/24/00", transfer, what);
      const byte = layoutOf(row).length[0];
      assert.deepEqual(fieldPointer, { inCdb: true, byte, bit: 7 }, what);
    }
    const { status, sense } = exchange(peer, cdbOf(row, { length: limit }), transfer);
    assert.equal(status, 0, `${row.name}: ${senseText(sense)}`);
  }
});
