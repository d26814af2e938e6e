/** COMPARE AND WRITE (SBC-4 5.3): what is compared, what is written, and what others see of it. */
import assert from "node:assert/strict";
import { Errno } from "../../ffi/errno.ts";
import { IoOperation } from "../../lib/store/io_request.ts";
import { exchange, exchangeGood, exchangeSense } from "../harness/exchange.ts";
import { Rig } from "../harness/rig.ts";
import { assertSameBytes } from "../harness/same_bytes.ts";
import { concatBytes, patternBytes } from "../initiator/bytes.ts";
import { compareAndWrite, inquiry, read16, write16 } from "../initiator/cdb.ts";
import { Field, FINAL, type Pdu } from "../initiator/pdu.ts";
import { WRITE } from "../initiator/requests.ts";

const FUA = 0x08;

/** The content of the blocks and what becomes of it, as the command takes them. */
function swap(from: Uint8Array, to: Uint8Array): { write: Uint8Array } {
  return { write: concatBytes([from, to]) };
}

for (const blocksize of [512, 4096]) {
  Deno.test(`compareAndWrite() writes blocks of ${blocksize} bytes that are as expected`, () => {
    using rig = new Rig({ size: 512 * blocksize, blocksize });
    const model = patternBytes(512 * blocksize, 1);
    Deno.writeFileSync(rig.path, model);
    const peer = rig.login(1);
    const most = exchangeGood(peer, inquiry(64, 0xb0), { read: 64 })[5]!;
    assert.equal(most, 255);
    const ranges = [[0, 1], [3, 7], [200, most], [512 - most, most]] as const;
    for (const [index, [lba, blocks]] of ranges.entries()) {
      const old = model.slice(lba * blocksize, (lba + blocks) * blocksize);
      const fresh = patternBytes(old.length, 10 + index);
      const flags = index % 2 === 0 ? 0 : FUA;
      exchangeGood(peer, compareAndWrite(lba, blocks, flags), swap(old, fresh));
      model.set(fresh, lba * blocksize);
      assertSameBytes(Deno.readFileSync(rig.path), model, `${blocks} blocks at ${lba}`);
    }
  });

  Deno.test(`compareAndWrite() tells which of ${blocksize} bytes differs and writes nothing`, () => {
    using rig = new Rig({ size: 16 * blocksize, blocksize });
    const content = patternBytes(16 * blocksize, 1);
    Deno.writeFileSync(rig.path, content);
    const peer = rig.login(1);
    const old = content.slice(4 * blocksize, 7 * blocksize);
    const fresh = patternBytes(old.length, 2);
    for (const at of [0, 1, blocksize - 1, blocksize, old.length - 1]) {
      const wrong = old.slice();
      wrong[at]! ^= 0x10;
      const sense = exchangeSense(peer, compareAndWrite(4, 3), "0E/1D/00", swap(wrong, fresh));
      assert.equal(sense.information, at);
      assert.deepEqual(Deno.readFileSync(rig.path), content);
    }
  });
}

Deno.test("compareAndWrite() wants exactly twice its blocks as data", () => {
  using rig = new Rig();
  const peer = rig.login(1);
  for (const length of [0, 512, 1023, 1025, 1536, 2048]) {
    const write = new Uint8Array(length);
    const transfer = length === 0 ? {} : { write };
    const sense = exchangeSense(peer, compareAndWrite(0, 1), "05/24/00", transfer);
    assert.deepEqual(sense.fieldPointer, { inCdb: true, byte: 13, bit: 7 });
  }
  exchangeSense(peer, compareAndWrite(0, 0), "05/24/00", { write: new Uint8Array(512) });
  exchangeGood(peer, compareAndWrite(0, 0));
});

Deno.test("compareAndWrite() has its blocks alone from its read to its write", () => {
  using rig = new Rig();
  const [first, second] = [rig.login(1), rig.login(2)];
  const [zeros, ones, twos] = [0, 1, 2].map((value) => new Uint8Array(512).fill(value)) as [
    Uint8Array,
    Uint8Array,
    Uint8Array,
  ];
  rig.store.hanging = true;
  const { write } = swap(zeros, ones);
  const command = (lba: number): Pdu =>
    first.command({
      cdb: compareAndWrite(lba, 1),
      flags: FINAL | WRITE | 1,
      expectedLength: write.length,
      data: write,
    });
  const one = command(5);
  assert.deepEqual(first.send(one), []);
  assert.equal(rig.store.held.length, 1);
  rig.store.hanging = false;

  // Neither a write, nor a read, nor another COMPARE AND WRITE gets in between.
  const plain = { cdb: write16(5, 1), flags: FINAL | WRITE | 1, expectedLength: 512, data: twos };
  assert.deepEqual(second.send(second.command(plain)), []);
  const look = second.command({ cdb: read16(5, 1), flags: FINAL | 0x40 | 1, expectedLength: 512 });
  assert.deepEqual(second.send(look), []);
  assert.deepEqual(first.send(command(5)), []);
  assert.equal(exchange(second, write16(6, 1), { write: twos }).status, 0, "other blocks are free");

  rig.store.release();
  for (const answer of first.take()) {
    const wanted = answer.itt === one.itt ? 0 : 2; // the second finds what the write has left
    assert.equal(answer.u8(Field.status), wanted);
  }
  const [written, read] = second.take();
  assert.equal(written!.u8(Field.status), 0);
  assert.deepEqual(read!.data, twos);
  assert.deepEqual(Deno.readFileSync(rig.path).subarray(5 * 512, 6 * 512), twos);
});

Deno.test("compareAndWrite() has the sense of what failed, its read or its write", () => {
  const { write } = swap(new Uint8Array(512), new Uint8Array(512).fill(1));
  const cases: [number, number, string][] = [
    [IoOperation.READ, Errno.EIO, "03/11/00"],
    [IoOperation.WRITE, Errno.EIO, "03/0C/00"],
    [IoOperation.WRITE, Errno.ENOSPC, "07/27/07"],
  ];
  for (const [operation, errno, sense] of cases) {
    using rig = new Rig();
    const peer = rig.login(1);
    rig.store.failures.set(operation, errno);
    exchangeSense(peer, compareAndWrite(3, 1), sense, { write });
    rig.store.failures.clear();
    exchangeGood(peer, compareAndWrite(3, 1), { write });
    peer.connection.close();
    assert.equal(rig.node.memory.lent, 0);
  }
});
