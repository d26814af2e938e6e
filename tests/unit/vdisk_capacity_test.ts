/** READ CAPACITY (SBC-4 5.20, 5.21) of disks of many sizes, and what lies beyond 2 TiB. */
import assert from "node:assert/strict";
import { FaultyStore } from "../../lib/store/faulty.ts";
import type { Store } from "../../lib/store/store.ts";
import { exchangeGood, exchangeSense } from "../harness/exchange.ts";
import { toHex } from "../harness/hex.ts";
import { Rig, type RigOptions } from "../harness/rig.ts";
import {
  inquiry,
  read10,
  read16,
  readCapacity10,
  readCapacity16,
  verify16,
  write16,
} from "../initiator/cdb.ts";

const NULL_DISK = 5 * 2 ** 39; // 2.5 TiB, the default of vdisk_nullio

function capacities(options: RigOptions): [ten: string, sixteen: string] {
  using rig = new Rig(options);
  const peer = rig.login(1);
  const ten = exchangeGood(peer, readCapacity10(), { read: 8 });
  const sixteen = exchangeGood(peer, readCapacity16(255), { read: 255 });
  assert.deepEqual(sixteen.subarray(16), new Uint8Array(16));
  return [toHex(ten), toHex(sixteen.subarray(0, 16))];
}

Deno.test("readCapacity10() and readCapacity16() agree, and the former has FFFFFFFF for too much", () => {
  const size = (bytes: number) => ({ null: true, thinProvisioned: false, size: bytes });
  const cases: [RigOptions, string, string][] = [
    [size(512), "00000000 00000200", "00000000 00000000 00000200 00000000"],
    [size(2 ** 20), "000007ff 00000200", "00000000 000007ff 00000200 00000000"],
    [size((2 ** 32 - 1) * 512), "fffffffe 00000200", "00000000 fffffffe 00000200 00000000"],
    [size(2 ** 32 * 512), "ffffffff 00000200", "00000000 ffffffff 00000200 00000000"],
    [size((2 ** 32 + 1) * 512), "ffffffff 00000200", "00000001 00000000 00000200 00000000"],
    [size(NULL_DISK), "ffffffff 00000200", "00000001 3fffffff 00000200 00000000"],
    [
      { ...size(NULL_DISK), blocksize: 4096 },
      "27ffffff 00001000",
      "00000000 27ffffff 00001000 00000000",
    ],
    [size(2 ** 53 - 512), "ffffffff 00000200", "00000fff fffffffe 00000200 00000000"],
  ];
  for (const [options, ten, sixteen] of cases) {
    assert.deepEqual(capacities(options), [ten, sixteen], `${options.size} bytes`);
  }
});

Deno.test("readCapacity16() says LBPME and LBPRZ of a thin disk, and how large pages are", () => {
  const last = (options: RigOptions) => capacities(options)[1].slice(-8);
  assert.equal(last({}), "0003c000");
  assert.equal(last({ thinProvisioned: false }), "00030000");
  assert.equal(last({ blocksize: 1024 }), "0002c000");
  assert.equal(last({ blocksize: 4096 }), "0000c000");
  assert.equal(last({ blocksize: 65536 }), "0000c000");
});

/** A store whose physical blocks of 4096 bytes begin somewhere else than the store. */
class Shifted extends FaultyStore {
  override readonly physicalBlockSize = 4096;
  override readonly physicalOffset: number;

  constructor(inner: Store, offset: number) {
    super(inner);
    this.physicalOffset = offset;
  }
}

Deno.test("readCapacity16() and VPD B0h say where the first physical block begins", () => {
  const cases: [offset: number, values: RigOptions, lowest: number][] = [
    [0, {}, 0],
    [512, {}, 1],
    [3584, {}, 7],
    [512, { blocksize: 1024 }, 0], // there is no LBA with which one begins
    [3072, { blocksize: 1024 }, 3],
    [512, { thinProvisioned: false }, 1],
  ];
  for (const [offset, values, lowest] of cases) {
    const options = { ...values, around: (inner: Store) => new Shifted(inner, offset) };
    const thin = values.thinProvisioned === false ? 0 : 0xc000;
    const last = Number.parseInt(capacities(options)[1].slice(-4), 16);
    assert.equal(last, thin | lowest, `${offset} ${JSON.stringify(values)}`);
    if (thin === 0 || values.blocksize !== undefined) continue;
    using rig = new Rig(options);
    const page = exchangeGood(rig.login(1), inquiry(64, 0xb0), { read: 64 });
    assert.equal(new DataView(page.buffer).getUint32(32), 2 ** 31 + lowest, "UGAVALID");
  }
});

Deno.test("readCapacity10() takes an LBA with PMI only, and answers the same", () => {
  using rig = new Rig();
  const peer = rig.login(1);
  const cdb = readCapacity10();
  cdb[5] = 1;
  const { fieldPointer } = exchangeSense(peer, cdb, "05/24/00", { read: 8 });
  assert.deepEqual(fieldPointer, { inCdb: true, byte: 2, bit: 7 });
  cdb[8] = 1; // PMI
  assert.equal(toHex(exchangeGood(peer, cdb, { read: 8 })), "000007ff 00000200");
});

Deno.test("a disk beyond 2 TiB is read and written to its last block, and no further", () => {
  using rig = new Rig({ null: true, size: NULL_DISK });
  const peer = rig.login(1);
  const blocks = NULL_DISK / 512;
  const write = new Uint8Array(1024).fill(1);
  assert.deepEqual(exchangeGood(peer, read16(blocks - 2, 2), { read: 1024 }), new Uint8Array(1024));
  exchangeGood(peer, write16(blocks - 2, 2), { write });
  exchangeGood(peer, verify16(blocks - 2, 2));
  assert.equal(exchangeGood(peer, read10(0xffffffff, 2), { read: 1024 }).length, 1024);
  const sense = exchangeSense(peer, read16(blocks - 1, 2), "05/21/00", { read: 1024 });
  assert.equal(sense.information, undefined, "the LBA does not fit into fixed format");
  exchangeSense(peer, write16(blocks, 1), "05/21/00", { write });
  exchangeSense(peer, read16(2n ** 64n - 1n, 1), "05/21/00", { read: 512 });
  exchangeSense(peer, read16(2n ** 53n, 1), "05/21/00", { read: 512 });
});

Deno.test("a rest that is no whole block does not belong to the disk", () => {
  using rig = new Rig({ null: true, size: 10 * 4096 + 4095, blocksize: 4096 });
  const peer = rig.login(1);
  assert.equal(toHex(exchangeGood(peer, readCapacity10(), { read: 8 })), "00000009 00001000");
  exchangeGood(peer, read16(9, 1), { read: 4096 });
  exchangeSense(peer, read16(10, 1), "05/21/00", { read: 4096 });
});
