/** VERIFY and WRITE AND VERIFY (SBC-4 5.36 to 5.39, 5.45 to 5.48): what is compared with what. */
import assert from "node:assert/strict";
import { Errno } from "../../ffi/errno.ts";
import { OPERATION_TABLE } from "../../lib/scst/opcodes.ts";
import type { Operation } from "../../lib/scst/operation.ts";
import { IoOperation } from "../../lib/store/io_request.ts";
import { cdbOf } from "../harness/cdb_of.ts";
import { exchange, exchangeGood, exchangeSense } from "../harness/exchange.ts";
import { Rig } from "../harness/rig.ts";
import { patternBytes } from "../initiator/bytes.ts";

const ByteCheck = { NOTHING: 0, ALL_BLOCKS: 1, RESERVED: 2, ONE_BLOCK: 3 } as const;

const rowsNamed = (name: string) =>
  OPERATION_TABLE.rows.filter((row) => row.name.startsWith(name + "("));
const VERIFIES = rowsNamed("VERIFY");
const WRITES = rowsNamed("WRITE AND VERIFY");

function cdb(row: Operation, lba: number, length: number, byteCheck: number): Uint8Array {
  const made = cdbOf(row, { lba, length });
  made[1]! |= byteCheck << 1;
  return made;
}

/** `bytes` with the bit 0 of one byte inverted. */
function flipped(bytes: Uint8Array, at: number): Uint8Array {
  const copy = bytes.slice();
  copy[at]! ^= 1;
  return copy;
}

for (const blocksize of [512, 4096]) {
  const CONTENT = patternBytes(32 * blocksize, 1);
  const at = (lba: number, blocks: number) =>
    CONTENT.slice(lba * blocksize, (lba + blocks) * blocksize);

  const filledRig = () => {
    const rig = new Rig({ size: CONTENT.length, blocksize });
    Deno.writeFileSync(rig.path, CONTENT);
    return rig;
  };

  Deno.test(`verify() compares every byte, of blocks of ${blocksize} bytes`, () => {
    using rig = filledRig();
    const peer = rig.login(1);
    for (const row of VERIFIES) {
      const command = cdb(row, 5, 3, ByteCheck.ALL_BLOCKS);
      const same = at(5, 3);
      exchangeGood(peer, command, { write: same }, row.name);
      for (const wrong of [0, 1, blocksize - 1, blocksize, 3 * blocksize - 1]) {
        const write = flipped(same, wrong);
        const sense = exchangeSense(peer, command, "0E/1D/00", { write }, `byte ${wrong}`);
        assert.equal(sense.information, wrong);
      }
      exchangeGood(peer, cdb(row, 5, 3, ByteCheck.NOTHING), {}, row.name);
      exchangeGood(peer, cdb(row, 5, 0, ByteCheck.ALL_BLOCKS), {}, row.name);
    }
    assert.deepEqual(Deno.readFileSync(rig.path), CONTENT);
  });

  Deno.test(`verify() compares each block with one, of ${blocksize} bytes`, () => {
    using rig = new Rig({ size: 32 * blocksize, blocksize });
    const block = patternBytes(blocksize, 7);
    const content = new Uint8Array(32 * blocksize);
    for (let lba = 10; lba < 20; lba++) content.set(block, lba * blocksize);
    Deno.writeFileSync(rig.path, content);
    const peer = rig.login(1);
    for (const row of VERIFIES) {
      exchangeGood(peer, cdb(row, 10, 10, ByteCheck.ONE_BLOCK), { write: block }, row.name);
      for (const lba of [9, 11]) {
        const command = cdb(row, lba, 10, ByteCheck.ONE_BLOCK);
        exchangeSense(peer, command, "0E/1D/00", { write: block }, row.name);
      }
      const write = flipped(block, blocksize - 1);
      exchangeSense(peer, cdb(row, 10, 1, ByteCheck.ONE_BLOCK), "0E/1D/00", { write });
      exchangeGood(peer, cdb(row, 10, 0, ByteCheck.ONE_BLOCK), {}, row.name);
    }
  });

  Deno.test(`writeAndVerify() writes what came and nothing beside it, in ${blocksize} bytes`, () => {
    using rig = filledRig();
    const peer = rig.login(1);
    for (const byteCheck of [ByteCheck.NOTHING, ByteCheck.ALL_BLOCKS]) {
      for (const row of WRITES) {
        const write = patternBytes(4 * blocksize, row.code + byteCheck);
        exchangeGood(peer, cdb(row, 6, 4, byteCheck), { write }, row.name);
        const expected = CONTENT.slice();
        expected.set(write, 6 * blocksize);
        assert.deepEqual(Deno.readFileSync(rig.path), expected, row.name);
      }
    }
  });
}

Deno.test("verify() fails when the initiator has less than there is to compare", () => {
  using rig = new Rig();
  const peer = rig.login(1);
  for (const row of VERIFIES) {
    for (const length of [0, 1, 512, 1023]) {
      const transfer = length === 0 ? {} : { write: new Uint8Array(length) };
      exchangeSense(peer, cdb(row, 0, 2, ByteCheck.ALL_BLOCKS), "05/24/00", transfer, row.name);
    }
  }
});

Deno.test("writeAndVerify() goes as far as the initiator has whole blocks", () => {
  using rig = new Rig({ size: 8 * 512 });
  const peer = rig.login(1);
  for (const row of WRITES) {
    for (const length of [1, 511, 512, 1535, 1536]) {
      Deno.writeFileSync(rig.path, new Uint8Array(8 * 512));
      const write = patternBytes(length, row.code);
      const result = exchange(peer, cdb(row, 2, 3, ByteCheck.ALL_BLOCKS), { write });
      assert.deepEqual([result.status, result.residual], [0, 1536 - length], row.name);
      const expected = new Uint8Array(8 * 512);
      expected.set(write.subarray(0, length - length % 512), 1024);
      assert.deepEqual(Deno.readFileSync(rig.path), expected, `${row.name}: ${length} bytes`);
    }
  }
});

Deno.test("writeAndVerify() reports what the medium did not keep", () => {
  using rig = new Rig({ null: true });
  const peer = rig.login(1);
  const write = new Uint8Array(1024);
  for (const row of WRITES) {
    exchangeGood(peer, cdb(row, 0, 2, ByteCheck.ALL_BLOCKS), { write }, row.name);
    const command = cdb(row, 0, 2, ByteCheck.ALL_BLOCKS);
    const sense = exchangeSense(
      peer,
      command,
      "0E/1D/00",
      { write: flipped(write, 700) },
      row.name,
    );
    assert.equal(sense.information, 700);
    exchangeGood(peer, cdb(row, 0, 2, ByteCheck.NOTHING), { write: flipped(write, 700) }, row.name);
  }
});

Deno.test("BYTCHK takes the values that SBC-4 defines for the command", () => {
  using rig = new Rig();
  const peer = rig.login(1);
  const write = new Uint8Array(512);
  const cases = [
    ...VERIFIES.map((row) => [row, ByteCheck.RESERVED] as const),
    ...WRITES.map((row) => [row, ByteCheck.RESERVED] as const),
    ...WRITES.map((row) => [row, ByteCheck.ONE_BLOCK] as const),
  ];
  for (const [row, byteCheck] of cases) {
    const sense = exchangeSense(peer, cdb(row, 0, 1, byteCheck), "05/24/00", { write }, row.name);
    assert.deepEqual(sense.fieldPointer, { inCdb: true, byte: 1, bit: 2 }, row.name);
  }
});

Deno.test("an error of the store while it verifies has the sense of a read, with the LBA", () => {
  using rig = new Rig();
  const peer = rig.login(1);
  rig.store.failures.set(IoOperation.READ, Errno.EIO);
  const write = new Uint8Array(512);
  for (const row of [...VERIFIES, ...WRITES]) {
    const transfer = row.changesMedium ? { write } : {};
    const sense = exchangeSense(peer, cdb(row, 77, 1, 0), "03/11/00", transfer, row.name);
    assert.equal(sense.information, 77);
  }
  rig.store.failures.set(IoOperation.WRITE, Errno.EIO);
  // It may write through (WRITE DURABLE) or not.
  rig.store.failures.set(IoOperation.WRITE_DURABLE, Errno.EIO);
  for (const [index, row] of WRITES.entries()) {
    // The first one has failed to bring something to the medium, and nobody knows what else.
    const sense = index === 0 ? "03/0C/00" : "04/3E/01";
    exchangeSense(peer, cdb(row, 77, 1, 0), sense, { write }, row.name);
  }
});
