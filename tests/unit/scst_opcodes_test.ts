/** Every row of the opcode table, taken at its word: made into CDBs and run through a connection. */
import assert from "node:assert/strict";
import type { Operation } from "../../lib/scst/operation.ts";
import { OPERATION_TABLE } from "../../lib/scst/opcodes.ts";
import {
  cdbOf,
  hasLba,
  layoutOf,
  lengthMost,
  usageBytes,
  validCommand,
} from "../harness/cdb_of.ts";
import { exchange, exchangeGood, exchangeSense } from "../harness/exchange.ts";
import { type Peer, Rig } from "../harness/rig.ts";
import { patternBytes } from "../initiator/bytes.ts";
import { inquiry } from "../initiator/cdb.ts";
import { senseText } from "../initiator/sense.ts";

const { rows } = OPERATION_TABLE;
const BLOCKS = 128;
const CONTENT = patternBytes(BLOCKS * 512, 1);

/** A rig whose disk holds CONTENT. */
function filledRig(thinProvisioned = true): Rig {
  const rig = new Rig({ size: CONTENT.length, thinProvisioned });
  Deno.writeFileSync(rig.path, CONTENT);
  return rig;
}

function isUnchanged(rig: Rig): boolean {
  return Deno.readFileSync(rig.path).every((byte, index) => byte === CONTENT[index]);
}

/** The bits of a row's CDB that it does not use. */
function unusedBits(row: Operation): [byte: number, bit: number][] {
  const bits: [number, number][] = [];
  usageBytes(row).forEach((used, byte) => {
    const taken = byte === 0 ? 0xff : byte === 1 && row.serviceAction !== undefined ? 0x1f : used;
    for (let bit = 7; bit >= 0; bit--) if ((taken >> bit & 1) === 0) bits.push([byte, bit]);
  });
  return bits;
}

Deno.test("OPERATION_TABLE is sorted, and its usage data has the length of the group code", () => {
  const keys = rows.map((row) => row.code << 8 | (row.serviceAction ?? 0));
  assert.deepEqual(keys, [...new Set(keys)].sort((a, b) => a - b));
  for (const row of rows) {
    const usage = usageBytes(row);
    assert.equal(usage.length, layoutOf(row).cdb, row.name);
    assert.equal(usage[0], row.code, row.name);
    if (row.serviceAction !== undefined) assert.equal(usage[1]! & 0x1f, 0x1f, row.name);
    assert.equal(usage.at(-1), 0, `${row.name}: CONTROL`);
    assert.equal(Number(row.onDisk === undefined) + Number(row.onNexus === undefined), 1, row.name);
  }
});

Deno.test("admitCommand() points at every bit that the row does not use, and does nothing", () => {
  let tried = 0;
  for (const row of rows) {
    using rig = filledRig();
    const peer = rig.login(1);
    const { cdb, transfer } = validCommand(row);
    for (const [byte, bit] of unusedBits(row)) {
      const wrong = cdb.slice();
      wrong[byte]! |= 1 << bit;
      const what = `${row.name}: byte ${byte}, bit ${bit}`;
      const { fieldPointer } = exchangeSense(peer, wrong, "05/24/00", transfer, what);
      assert.deepEqual(fieldPointer, { inCdb: true, byte, bit }, what);
      tried++;
    }
    assert(isUnchanged(rig), row.name);
    exchangeGood(peer, cdb, transfer, row.name);
    assert.equal(isUnchanged(rig), row.changesMedium !== true, row.name);
  }
  assert(tried > 500, `${tried} bits`);
});

Deno.test("admitCommand() points at the first of several bits, and at none behind the CDB", () => {
  using rig = filledRig();
  const peer = rig.login(1);
  for (const row of rows) {
    const { cdb, transfer } = validCommand(row);
    const padded = cdb.slice().fill(0xff, layoutOf(row).cdb);
    exchangeGood(peer, padded, transfer, row.name);
    const wrong = cdb.slice();
    for (const [byte, bit] of unusedBits(row)) wrong[byte]! |= 1 << bit;
    const { fieldPointer } = exchangeSense(peer, wrong, "05/24/00", transfer, row.name);
    const [byte, bit] = unusedBits(row)[0]!;
    assert.deepEqual(fieldPointer, { inCdb: true, byte, bit }, row.name);
  }
});

Deno.test("admitCommand() answers 05/20/00 to opcodes that are not in the table", () => {
  for (const thin of [true, false]) {
    using rig = filledRig(thin);
    const peer = rig.login(1);
    const known = new Set(
      rows.filter((row) => thin || row.name !== "UNMAP").map(({ code }) => code),
    );
    for (let code = 0; code < 256; code++) {
      if (known.has(code)) continue;
      const sense = exchangeSense(peer, Uint8Array.of(code, ...Array(15).fill(0)), "05/20/00");
      assert.equal(sense.fieldPointer, undefined);
    }
    assert(isUnchanged(rig));
  }
});

Deno.test("admitCommand() points at a service action that is not in the table", () => {
  using rig = filledRig();
  const peer = rig.login(1);
  const codes = new Set(
    rows.filter((row) => row.serviceAction !== undefined).map((row) => row.code),
  );
  assert.deepEqual([...codes], [0x9e, 0xa3]);
  for (const code of codes) {
    for (let action = 0; action < 32; action++) {
      if (OPERATION_TABLE.find(code, action) !== undefined) continue;
      const cdb = new Uint8Array(16).fill(0, 2);
      cdb.set([code, action]);
      const { fieldPointer } = exchangeSense(peer, cdb, "05/24/00", { read: 255 });
      assert.deepEqual(fieldPointer, { inCdb: true, byte: 1, bit: 4 });
    }
  }
});

Deno.test("every row with an LBA ends at the end of the medium", () => {
  using rig = filledRig();
  const peer = rig.login(1);
  const withLba = rows.filter(hasLba);
  assert.equal(withLba.length, 18);
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
    exchangeGood(peer, cdbOf(row, { lba: BLOCKS - 1, length: 1 }), transfer, row.name);
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

/** MAXIMUM TRANSFER LENGTH and MAXIMUM WRITE SAME LENGTH as VPD page B0h states them, in blocks. */
function limitsOf(peer: Peer): { transfer: number; writeSame: number } {
  const page = new DataView(exchangeGood(peer, inquiry(64, 0xb0), { read: 64 }).buffer);
  return { transfer: page.getUint32(8), writeSame: Number(page.getBigUint64(36)) };
}

Deno.test("every row with a transfer length keeps to the limit of VPD page B0h", () => {
  using rig = new Rig({ null: true, size: 2 ** 40, blocksize: 65536 });
  const peer = rig.login(1);
  const limits = limitsOf(peer);
  for (const row of rows.filter((row) => hasLba(row) && !row.name.startsWith("SYNC"))) {
    const same = row.name.startsWith("WRITE SAME");
    const limit = same ? limits.writeSame : limits.transfer;
    const write = new Uint8Array(same ? 65536 : limit * 65536);
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
