/** WRITE SAME (SBC-4 5.54, 5.55): what it leaves in the backing file, and what it asks of the store. */
import assert from "node:assert/strict";
import { Errno } from "../../ffi/errno.ts";
import { PORTABLE } from "../../ffi/platform.ts";
import { IoOperation } from "../../lib/store/io_request.ts";
import { exchange, exchangeGood, exchangeSense } from "../harness/exchange.ts";
import { type Peer, Rig } from "../harness/rig.ts";
import { assertSameBytes } from "../harness/same_bytes.ts";
import { patternBytes } from "../initiator/bytes.ts";
import { writeSame10, writeSame16 } from "../initiator/cdb.ts";
import { FINAL, type Pdu } from "../initiator/pdu.ts";
import { WRITE } from "../initiator/requests.ts";

const ANCHOR = 0x10;
const UNMAP = 0x08;
const NDOB = 0x01;
const BOTH = [writeSame10, writeSame16];
const MIB = 2 ** 20;

for (const blocksize of [512, 4096]) {
  Deno.test(`writeSame() repeats a block of ${blocksize} bytes, over more than it writes at once`, () => {
    using rig = new Rig({ size: 4 * MIB, blocksize });
    const peer = rig.login(1);
    const model = patternBytes(4 * MIB, 5);
    Deno.writeFileSync(rig.path, model);
    const chunk = MIB / blocksize;
    const ranges = [[3, 1], [10, 5], [100, chunk], [7, 2 * chunk + 1], [0, 4 * chunk]] as const;
    for (const [index, [lba, blocks]] of ranges.entries()) {
      const write = patternBytes(blocksize, index);
      const residual = exchange(peer, BOTH[index % 2]!(lba, blocks), { write }).residual;
      assert.equal(residual, 0);
      for (let at = lba; at < lba + blocks; at++) model.set(write, at * blocksize);
      assertSameBytes(Deno.readFileSync(rig.path), model, `${blocks} blocks at ${lba}`);
    }
  });
}

/** What a WRITE SAME asks of the store first. */
function operationOf(rig: Rig, peer: Peer, cdb: Uint8Array, data?: Uint8Array): number {
  rig.store.hanging = true;
  const command: Pdu = data === undefined
    ? peer.command({ cdb })
    : peer.command({ cdb, flags: FINAL | WRITE | 1, expectedLength: data.length, data });
  peer.send(command);
  const { operation } = rig.store.held[0]!;
  rig.store.hanging = false;
  rig.store.release();
  peer.take();
  return operation;
}

Deno.test("writeSame() leaves zeros to the store, and gives space back with UNMAP only", () => {
  using rig = new Rig();
  const peer = rig.login(1);
  const zeros = new Uint8Array(512);
  const ones = new Uint8Array(512).fill(1);
  for (const writeSame of BOTH) {
    assert.equal(operationOf(rig, peer, writeSame(0, 8), zeros), IoOperation.ZERO);
    assert.equal(operationOf(rig, peer, writeSame(0, 8, UNMAP), zeros), IoOperation.PUNCH);
    assert.equal(operationOf(rig, peer, writeSame(0, 8), ones), IoOperation.FILL);
    assert.equal(operationOf(rig, peer, writeSame(0, 8, UNMAP), ones), IoOperation.FILL);
    for (const at of [0, 255, 511]) {
      const one = zeros.slice();
      one[at] = 0x80;
      assert.equal(operationOf(rig, peer, writeSame(0, 8), one), IoOperation.FILL, `byte ${at}`);
    }
  }
  assert.equal(operationOf(rig, peer, writeSame16(0, 8, NDOB)), IoOperation.ZERO);
  assert.equal(operationOf(rig, peer, writeSame16(0, 8, NDOB | UNMAP)), IoOperation.PUNCH);
});

Deno.test("writeSame() of zeros zeroes its range, and with UNMAP the file has a hole there", () => {
  using rig = new Rig({ size: MIB });
  const peer = rig.login(1);
  const zeros = { write: new Uint8Array(512) };
  const commands: [Uint8Array, typeof zeros | undefined, hole: boolean][] = [
    [writeSame10(8, 1024), zeros, false],
    [writeSame16(8, 1024, NDOB), undefined, false],
    [writeSame10(8, 1024, UNMAP), zeros, true],
    [writeSame16(8, 1024, UNMAP), zeros, true],
    [writeSame16(8, 1024, UNMAP | NDOB), undefined, true],
  ];
  for (const [cdb, transfer, hole] of commands) {
    const expected = patternBytes(MIB, 9);
    Deno.writeFileSync(rig.path, expected);
    const before = Deno.statSync(rig.path).blocks!;
    exchangeGood(peer, cdb, transfer);
    assertSameBytes(Deno.readFileSync(rig.path), expected.fill(0, 8 * 512, 1032 * 512));
    const freed = before - Deno.statSync(rig.path).blocks!;
    assert.equal(freed, hole && !PORTABLE ? 1024 : 0);
    assert.equal(Deno.statSync(rig.path).size, MIB);
  }
});

Deno.test("writeSame() on a thick disk does all but UNMAP", () => {
  using rig = new Rig({ thinProvisioned: false });
  const peer = rig.login(1);
  const write = new Uint8Array(512);
  for (const writeSame of BOTH) {
    const { fieldPointer } = exchangeSense(peer, writeSame(0, 8, UNMAP), "05/24/00", { write });
    assert.deepEqual(fieldPointer, { inCdb: true, byte: 1, bit: 3 });
    assert.equal(operationOf(rig, peer, writeSame(0, 8), write), IoOperation.ZERO);
    assert.equal(operationOf(rig, peer, writeSame(0, 8), write.slice().fill(1)), IoOperation.FILL);
  }
});

Deno.test("writeSame() wants one block of data, and none with NDOB", () => {
  using rig = new Rig();
  const before = patternBytes(MIB, 2);
  Deno.writeFileSync(rig.path, before);
  const peer = rig.login(1);
  for (const writeSame of BOTH) {
    for (const length of [1, 511, 513, 1024, 8 * 512]) {
      exchangeSense(peer, writeSame(0, 8), "05/24/00", { write: new Uint8Array(length) });
    }
    exchangeSense(peer, writeSame(0, 8), "05/24/00");
    const { fieldPointer } = exchangeSense(peer, writeSame(0, 8, ANCHOR | UNMAP), "05/24/00");
    assert.deepEqual(fieldPointer, { inCdb: true, byte: 1, bit: 4 });
  }
  exchangeSense(peer, writeSame16(0, 8, NDOB), "05/24/00", { write: new Uint8Array(512) });
  assertSameBytes(Deno.readFileSync(rig.path), before);
});

Deno.test("writeSame() has the sense of a write that failed, whatever the store was asked for", () => {
  const zeros = new Uint8Array(512);
  const cases: [number, Uint8Array, Uint8Array][] = [
    [IoOperation.FILL, writeSame10(3, 4), zeros.slice().fill(1)],
    [IoOperation.ZERO, writeSame16(3, 4), zeros],
    [IoOperation.PUNCH, writeSame16(3, 4, UNMAP), zeros],
  ];
  for (const [operation, cdb, write] of cases) {
    using rig = new Rig();
    const peer = rig.login(1);
    rig.store.failures.set(operation, Errno.ENOSPC);
    exchangeSense(peer, cdb, "07/27/07", { write });
    rig.store.failures.set(operation, Errno.EIO);
    assert.equal(exchangeSense(peer, cdb, "03/0C/00", { write }).information, 3);
    peer.connection.close();
    assert.equal(rig.node.memory.lent, 0);
  }
});

Deno.test("writeSame() of as much as VPD page B0h allows ends, over a store that never sleeps", () => {
  using rig = new Rig({ null: true, size: 2 ** 40, blocksize: 65536 });
  const peer = rig.login(1);
  const write = new Uint8Array(65536).fill(1);
  exchangeGood(peer, writeSame16(0, 65535), { write });
  exchangeGood(peer, writeSame16(0, 65535, UNMAP | NDOB));
});
