/** LBA and length of every row that has them: the end of the medium, and the limits of VPD page B0h. */
import assert from "node:assert/strict";
import type { Operation } from "../../lib/scst/operation.ts";
import { OPERATION_TABLE } from "../../lib/scst/opcodes.ts";
import { cdbOf, hasLba, layoutOf, lengthMost } from "../harness/cdb_of.ts";
import { CONTENT, exampleOf } from "../harness/example.ts";
import { exchange, exchangeGood, exchangeSense } from "../harness/exchange.ts";
import { filledRig, isUnchanged } from "../harness/filled_rig.ts";
import { setDescriptorSense } from "../harness/modes.ts";
import { type Peer, Rig } from "../harness/rig.ts";
import { stateOf } from "../harness/state_of.ts";
import { patternBytes } from "../initiator/bytes.ts";
import { inquiry } from "../initiator/cdb.ts";
import { senseText } from "../initiator/sense.ts";

const { rows } = OPERATION_TABLE;
const BLOCKS = CONTENT.length / 512;

/** From the first block to what no medium has: the largest that a CDB can have among them. */
const LBAS = [0n, 1n, BigInt(BLOCKS - 1), BigInt(BLOCKS), BigInt(BLOCKS + 1)].concat(
  [21n, 31n, 32n, 53n, 63n, 64n].flatMap((bits) => [2n ** bits - 1n, 2n ** bits, 2n ** bits + 1n]),
);

/** INFORMATION as far as the format has room for it, and JavaScript knows it exactly. */
function informationOf(lba: bigint, descriptors: boolean): number | undefined {
  return lba < (descriptors ? 2n ** 53n : 2n ** 32n) ? Number(lba) : undefined;
}

/** Blocks that a row touches when its CDB has this length; none means all up to the end. */
function countOf(row: Operation, length: number): bigint {
  return BigInt(layoutOf(row).cdb === 6 && length === 0 ? 256 : length);
}

/** Places and lengths that reach behind the medium, with the first block that is not there. */
function* beyond(row: Operation, limit: number): Generator<[lba: bigint, length: number, bigint]> {
  const most = 2n ** BigInt([21, 32, 32, 0, 64, 32][row.code >> 5]!) - 1n;
  for (const lba of LBAS.filter((lba) => lba <= most)) {
    for (const length of [0, 1, 2, BLOCKS, BLOCKS + 1]) {
      const count = hasLba(row) ? countOf(row, length) : 0n;
      const isRefusedBefore = count > limit || count === 0n && isWriteSame(row);
      const isThere = lba < BLOCKS && lba + count <= BLOCKS;
      if (!isRefusedBefore && !isThere) yield [lba, length, lba < BLOCKS ? BigInt(BLOCKS) : lba];
    }
  }
}

Deno.test("every row with an LBA ends at the end of the medium, whatever it wants there", () => {
  const withLba = rows.filter((row) => hasLba(row) || row.name.startsWith("GET LBA STATUS"));
  assert(withLba.length >= 19);
  let tried = 0;
  for (const descriptors of [false, true]) {
    using rig = filledRig();
    const peer = rig.login(1);
    setDescriptorSense(peer, descriptors);
    const before = stateOf(rig);
    const limitOf = limitsOf(peer);
    for (const row of withLba) {
      const { transfer } = exampleOf(row);
      for (const [lba, length, first] of beyond(row, limitOf(row))) {
        const what = `${row.name}: ${length} blocks at ${lba}`;
        const sense = exchangeSense(peer, cdbOf(row, { lba, length }), "05/21/00", transfer, what);
        assert.equal(sense.information, informationOf(first, descriptors), what);
        tried++;
      }
      assert.deepEqual(stateOf(rig), before, row.name);
    }
  }
  assert(tried > 2000, `${tried} commands`);
});

Deno.test("every row with an LBA does the last block", () => {
  for (const row of rows.filter(hasLba)) {
    using rig = filledRig();
    const last = exampleOf(row, BLOCKS - 1);
    exchangeGood(rig.login(1), last.cdb, last.transfer, row.name);
    assert.equal(isUnchanged(rig), row.changesMedium !== true, row.name);
  }
});

function isWriteSame({ name }: Operation): boolean {
  return name.startsWith("WRITE SAME");
}

Deno.test("a length of zero moves nothing, and in six bytes it is 256 blocks", () => {
  using rig = new Rig({ size: 256 * 512 });
  const peer = rig.login(1);
  for (const row of rows.filter(hasLba)) {
    const cdb = cdbOf(row, { lba: 0, length: 0 });
    if (isWriteSame(row)) {
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
    const same = isWriteSame(row);
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
