/** UNMAP (SBC-4 5.35) against the bytes of the backing file. */
import assert from "node:assert/strict";
import { Errno } from "../../ffi/errno.ts";
import { PORTABLE } from "../../ffi/platform.ts";
import { IoOperation } from "../../lib/store/io_request.ts";
import { exchange, exchangeGood, exchangeSense } from "../harness/exchange.ts";
import { type Peer, Rig } from "../harness/rig.ts";
import { Random, testSeed } from "../harness/random.ts";
import { assertSameBytes } from "../harness/same_bytes.ts";
import { patternBytes } from "../initiator/bytes.ts";
import { unmap, unmapList } from "../initiator/cdb.ts";

const MIB = 2 ** 20;
const BLOCKS = MIB / 512;

interface Range {
  readonly lba: number;
  readonly blocks: number;
}

function unmapRanges(peer: Peer, ranges: Range[]): void {
  const write = unmapList(ranges);
  exchangeGood(peer, unmap(write.length), { write });
}

function refill(rig: Rig, seed: number): Uint8Array {
  const content = patternBytes(MIB, seed);
  Deno.writeFileSync(rig.path, content);
  return content;
}

for (const blocksize of [512, 4096]) {
  Deno.test(`unmap() zeroes what is named and nothing else, in blocks of ${blocksize} bytes`, () => {
    using rig = new Rig({ size: MIB, blocksize });
    const peer = rig.login(1);
    const seed = testSeed();
    const random = new Random(seed);
    const capacity = MIB / blocksize;
    for (let round = 0; round < 20; round++) {
      const model = refill(rig, round);
      const ranges = Array.from({ length: random.below(20) }, () => {
        const lba = random.below(capacity);
        return { lba, blocks: random.below(Math.min(40, capacity - lba + 1)) };
      });
      unmapRanges(peer, ranges);
      for (const { lba, blocks } of ranges) {
        model.fill(0, lba * blocksize, (lba + blocks) * blocksize);
      }
      assertSameBytes(Deno.readFileSync(rig.path), model, `SCST_TEST_SEED=${seed} round ${round}`);
    }
  });
}

Deno.test("unmap() gives whole pages back to the file system", () => {
  using rig = new Rig({ size: MIB });
  const peer = rig.login(1);
  refill(rig, 1);
  assert.equal(Deno.statSync(rig.path).blocks, BLOCKS);
  unmapRanges(peer, [{ lba: 8, blocks: 16 }, { lba: 1024, blocks: 1024 }]);
  assert.equal(Deno.statSync(rig.path).blocks, PORTABLE ? BLOCKS : BLOCKS - 1040);
  assert.equal(Deno.statSync(rig.path).size, MIB);
});

const RANGES = [{ lba: 3, blocks: 2 }, { lba: 100, blocks: 50 }, { lba: 2047, blocks: 1 }];

/** The content with the first `count` of RANGES unmapped. */
function without(content: Uint8Array, count: number): Uint8Array {
  const copy = content.slice();
  for (const { lba, blocks } of RANGES.slice(0, count)) {
    copy.fill(0, lba * 512, (lba + blocks) * 512);
  }
  return copy;
}

Deno.test("unmap() of a list that the CDB cuts short at any byte does its whole descriptors", () => {
  using rig = new Rig({ size: MIB });
  const peer = rig.login(1);
  const list = unmapList(RANGES);
  for (let length = 0; length <= list.length; length++) {
    const content = refill(rig, length);
    const write = list.slice(0, length);
    const transfer = length === 0 ? {} : { write };
    const whole = Math.floor(Math.max(0, length - 8) / 16);
    if (length > 0 && length < 8) exchangeSense(peer, unmap(length), "05/1A/00", transfer);
    else exchangeGood(peer, unmap(length), transfer, `${length} bytes`);
    assertSameBytes(Deno.readFileSync(rig.path), without(content, whole), `${length} bytes`);
  }
});

Deno.test("unmap() does nothing when the initiator has less than the CDB says", () => {
  using rig = new Rig({ size: MIB });
  const peer = rig.login(1);
  const content = refill(rig, 3);
  const list = unmapList(RANGES);
  for (let length = 0; length < list.length; length++) {
    const transfer = length === 0 ? {} : { write: list.slice(0, length) };
    exchangeSense(peer, unmap(list.length), "05/1A/00", transfer, `${length} bytes`);
  }
  assertSameBytes(Deno.readFileSync(rig.path), content);
});

Deno.test("unmap() ignores a descriptor that its header cuts short, and what stands behind it", () => {
  using rig = new Rig({ size: MIB });
  const peer = rig.login(1);
  const write = unmapList(RANGES);
  for (let listed = 0; listed <= 48; listed++) {
    const content = refill(rig, listed);
    new DataView(write.buffer).setUint16(2, listed);
    exchangeGood(peer, unmap(write.length), { write });
    const expected = without(content, Math.floor(listed / 16));
    assertSameBytes(Deno.readFileSync(rig.path), expected, `${listed} bytes of descriptors`);
  }
});

Deno.test("unmap() unmaps nothing if one of its descriptors is beyond the medium", () => {
  using rig = new Rig({ size: MIB });
  const peer = rig.login(1);
  const content = refill(rig, 4);
  const cases: [Range, number][] = [
    [{ lba: BLOCKS, blocks: 1 }, BLOCKS],
    [{ lba: BLOCKS - 1, blocks: 2 }, BLOCKS],
    [{ lba: BLOCKS + 1, blocks: 0 }, BLOCKS + 1],
    [{ lba: 0, blocks: 0xffffffff }, BLOCKS],
  ];
  for (const [range, information] of cases) {
    const write = unmapList([...RANGES, range]);
    const sense = exchangeSense(peer, unmap(write.length), "05/21/00", { write });
    assert.equal(sense.information, information);
  }
  assertSameBytes(Deno.readFileSync(rig.path), content);
});

Deno.test("unmap() keeps to the limits of VPD page B0h", () => {
  using rig = new Rig({ null: true, size: 2 ** 40 });
  const peer = rig.login(1);
  const refused = (ranges: Range[], byte: number) => {
    const write = unmapList(ranges);
    const sense = exchangeSense(peer, unmap(write.length), "05/26/00", { write });
    assert.deepEqual(sense.fieldPointer, { inCdb: false, byte, bit: 7 });
  };
  const one = { lba: 0, blocks: 1 };
  unmapRanges(peer, Array(128).fill(one));
  refused(Array(129).fill(one), 2);
  unmapRanges(peer, [{ lba: 7, blocks: 524288 }]);
  refused([{ lba: 7, blocks: 524289 }], 8 + 8);
  refused([one, { lba: 7, blocks: 524287 }, one], 8 + 2 * 16 + 8);
});

Deno.test("unmap() is not there on a thick disk, and knows no ANCHOR on a thin one", () => {
  const write = unmapList(RANGES);
  for (const thinProvisioned of [true, false]) {
    using rig = new Rig({ thinProvisioned });
    const peer = rig.login(1);
    const content = refill(rig, 6);
    const wanted = thinProvisioned ? "05/24/00" : "05/20/00";
    const sense = exchangeSense(peer, unmap(write.length, 1), wanted, { write });
    const pointer = thinProvisioned ? { inCdb: true, byte: 1, bit: 0 } : undefined;
    assert.deepEqual(sense.fieldPointer, pointer);
    if (!thinProvisioned) exchangeSense(peer, unmap(write.length), "05/20/00", { write });
    assertSameBytes(Deno.readFileSync(rig.path), content);
  }
});

Deno.test("unmap() that fails in the store says so, and holds no memory", () => {
  using rig = new Rig();
  const peer = rig.login(1);
  rig.store.failures.set(IoOperation.PUNCH, Errno.EIO);
  const write = unmapList(RANGES);
  exchangeSense(peer, unmap(write.length), "03/0C/00", { write });
  const { status, residual } = exchange(peer, unmap(0));
  assert.deepEqual([status, residual], [0, 0]);
  peer.connection.close();
  assert.equal(rig.node.memory.lent, 0);
});
