/** WRITE ATOMIC (SBC-4 5.41): all or nothing. */
import assert from "node:assert/strict";
import { Errno } from "../../ffi/errno.ts";
import { IoOperation } from "../../lib/store/io_request.ts";
import { exchangeGood, exchangeSense } from "../harness/exchange.ts";
import { Rig } from "../harness/rig.ts";
import { assertSameBytes } from "../harness/same_bytes.ts";
import { patternBytes } from "../initiator/bytes.ts";
import { inquiry, read16, writeAtomic16 } from "../initiator/cdb.ts";
import { FINAL } from "../initiator/pdu.ts";
import { WRITE } from "../initiator/requests.ts";

const SIZE = 2 ** 20;

Deno.test("writeAtomic() writes up to its limit in VPD B0h, which is within that of a transfer", () => {
  using rig = new Rig({ size: 9 * SIZE });
  const peer = rig.login(1);
  const page = new DataView(exchangeGood(peer, inquiry(64, 0xb0), { read: 64 }).buffer);
  const most = page.getUint32(44);
  assert(most > 0 && most <= page.getUint32(8));
  assert.deepEqual([48, 52, 56, 60].map((at) => page.getUint32(at)), [0, 0, 0, 0]);
  const model = new Uint8Array(9 * SIZE);
  for (const [seed, [lba, blocks]] of [[0, 1], [5, 300], [1000, most]].entries()) {
    const write = patternBytes(blocks! * 512, seed);
    exchangeGood(peer, writeAtomic16(lba!, blocks!, seed % 2 * 0x08), { write });
    model.set(write, lba! * 512);
    assertSameBytes(Deno.readFileSync(rig.path), model, `${blocks} blocks at ${lba}`);
  }
  exchangeGood(peer, writeAtomic16(0, 0));
});

Deno.test("writeAtomic() does not begin what the initiator has too little data for", () => {
  using rig = new Rig();
  const peer = rig.login(1);
  for (const length of [0, 512, 1535]) {
    const transfer = length === 0 ? {} : { write: new Uint8Array(length).fill(1) };
    const sense = exchangeSense(peer, writeAtomic16(0, 3), "05/24/00", transfer);
    assert.deepEqual(sense.fieldPointer, { inCdb: true, byte: 12, bit: 7 });
  }
  assert(Deno.readFileSync(rig.path).every((byte) => byte === 0));
});

Deno.test("writeAtomic() puts the old blocks back when it cannot write all of the new ones", () => {
  using rig = new Rig();
  const content = patternBytes(SIZE, 3);
  Deno.writeFileSync(rig.path, content);
  const peer = rig.login(1);
  rig.store.hanging = true;
  const data = patternBytes(4096, 4);
  const cdb = writeAtomic16(8, 8);
  peer.send(peer.command({ cdb, flags: FINAL | WRITE | 1, expectedLength: data.length, data }));
  rig.store.release(1); // the read
  assert.equal(rig.store.held[0]?.operation, IoOperation.WRITE);
  const half = content.slice();
  half.set(data.subarray(0, 2048), 4096);
  Deno.writeFileSync(rig.path, half); // what a write that ends in the middle leaves
  rig.store.failures.set(IoOperation.WRITE, Errno.ENOSPC);
  rig.store.release(1);
  rig.store.failures.clear();
  assert.deepEqual(peer.take(), [], "the status waits for the old blocks");
  rig.store.hanging = false;
  rig.store.release();
  assert.equal(peer.take()[0]!.data[2 + 2]! & 0xf, 7, "SPACE ALLOCATION FAILED");
  assert.deepEqual(Deno.readFileSync(rig.path), content);
  assert.deepEqual(exchangeGood(peer, read16(8, 8), { read: 4096 }), content.slice(4096, 8192));
});
