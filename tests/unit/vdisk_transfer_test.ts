/** READ and WRITE (SBC-4 5.11 to 5.15, 5.40 to 5.44) against the bytes of the backing file. */
import assert from "node:assert/strict";
import { OPERATION_TABLE } from "../../lib/scst/opcodes.ts";
import { IoOperation } from "../../lib/store/io_request.ts";
import { cdbOf } from "../harness/cdb_of.ts";
import { exchange, exchangeGood } from "../harness/exchange.ts";
import { Rig } from "../harness/rig.ts";
import { assertSameBytes } from "../harness/same_bytes.ts";
import { patternBytes } from "../initiator/bytes.ts";
import { FINAL } from "../initiator/pdu.ts";
import { WRITE } from "../initiator/requests.ts";

const FUA = 0x08;
const DPO = 0x10;
const rowsNamed = (name: string) =>
  OPERATION_TABLE.rows.filter((row) => row.name.startsWith(name + "("));
const READS = rowsNamed("READ");
const WRITES = rowsNamed("WRITE");

for (const blocksize of [512, 4096, 65536]) {
  Deno.test(`read() and write() keep to their blocks of ${blocksize} bytes`, () => {
    const capacity = 24;
    using rig = new Rig({ size: capacity * blocksize, blocksize });
    const peer = rig.login(1);
    const model = patternBytes(capacity * blocksize, 1);
    Deno.writeFileSync(rig.path, model);
    for (const [lba, blocks] of [[0, 1], [23, 1], [5, 7], [0, 24]] as const) {
      for (const row of WRITES) {
        const write = patternBytes(blocks * blocksize, row.code);
        const { status, residual } = exchange(peer, cdbOf(row, { lba, length: blocks }), { write });
        assert.deepEqual([status, residual], [0, 0], row.name);
        model.set(write, lba * blocksize);
        assertSameBytes(Deno.readFileSync(rig.path), model, `${row.name} at ${lba}`);
      }
      for (const row of READS) {
        const cdb = cdbOf(row, { lba, length: blocks });
        const data = exchangeGood(peer, cdb, { read: blocks * blocksize });
        const expected = model.subarray(lba * blocksize, (lba + blocks) * blocksize);
        assertSameBytes(data, expected, `${row.name} at ${lba}`);
      }
    }
  });
}

for (const blocksize of [512, 4096]) {
  Deno.test(`write() takes as many whole blocks of ${blocksize} as CDB and initiator have`, () => {
    using rig = new Rig({ size: 16 * blocksize, blocksize });
    const peer = rig.login(1);
    const wanted = 4 * blocksize;
    for (const row of WRITES) {
      for (
        const expected of [1, 511, 512, blocksize, blocksize + 1, wanted - 1, wanted, wanted + 1]
      ) {
        Deno.writeFileSync(rig.path, new Uint8Array(16 * blocksize));
        const write = patternBytes(expected, row.code);
        const result = exchange(peer, cdbOf(row, { lba: 2, length: 4 }), { write });
        assert.deepEqual([result.status, result.residual], [0, wanted - expected], row.name);
        const content = new Uint8Array(16 * blocksize);
        const taken = Math.min(expected, wanted);
        content.set(write.subarray(0, taken - taken % blocksize), 2 * blocksize);
        assertSameBytes(Deno.readFileSync(rig.path), content, `${row.name}: ${expected} bytes`);
      }
    }
  });
}

Deno.test("read() gives as many bytes as the initiator takes", () => {
  using rig = new Rig({ size: 16 * 512 });
  const content = patternBytes(16 * 512, 4);
  Deno.writeFileSync(rig.path, content);
  const peer = rig.login(1);
  for (const row of READS) {
    for (const read of [0, 1, 511, 512, 513, 2047, 2048, 2049, 9000]) {
      const result = exchange(peer, cdbOf(row, { lba: 2, length: 4 }), { read });
      assert.deepEqual([result.status, result.residual], [0, 2048 - read], row.name);
      assertSameBytes(result.data, content.subarray(1024, 1024 + Math.min(read, 2048)), row.name);
    }
  }
});

Deno.test("write() writes through with FUA, and not with DPO or a bit of a 6-byte LBA", () => {
  using rig = new Rig({ null: true });
  const peer = rig.login(1);
  rig.store.hanging = true;
  const operation = (cdb: Uint8Array) => {
    const data = new Uint8Array(512);
    peer.send(peer.command({ cdb, flags: FINAL | WRITE | 1, expectedLength: 512, data }));
    const held = rig.store.held[0]?.operation;
    rig.store.release();
    return held;
  };
  for (const row of WRITES) {
    const cdb = cdbOf(row, { lba: 0, length: 1 });
    assert.equal(operation(cdb), IoOperation.WRITE, row.name);
    if (row.code < 0x20) continue;
    cdb[1] = DPO;
    assert.equal(operation(cdb), IoOperation.WRITE, row.name);
    cdb[1] = DPO | FUA;
    assert.equal(operation(cdb), IoOperation.WRITE_DURABLE, row.name);
  }
  using large = new Rig({ null: true, size: 2 ** 40 });
  const other = large.login(1);
  large.store.hanging = true;
  const cdb = cdbOf(WRITES[0]!, { lba: FUA << 16, length: 1 });
  const data = new Uint8Array(512);
  other.send(other.command({ cdb, flags: FINAL | WRITE | 1, expectedLength: 512, data }));
  assert.equal(large.store.held[0]!.operation, IoOperation.WRITE);
  assert.equal(large.store.held[0]!.offset, (FUA << 16) * 512);
});
