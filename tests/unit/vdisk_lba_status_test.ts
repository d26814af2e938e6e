/** GET LBA STATUS (SBC-4 5.6): the holes of the backing file, and how much is told of them at once. */
import assert from "node:assert/strict";
import { Errno } from "../../ffi/errno.ts";
import { PORTABLE } from "../../ffi/platform.ts";
import { IoOperation } from "../../lib/store/io_request.ts";
import { exchange, exchangeGood, exchangeSense } from "../harness/exchange.ts";
import { type Peer, Rig } from "../harness/rig.ts";
import { patternBytes } from "../initiator/bytes.ts";
import { getLbaStatus16, unmap, unmapList, write16 } from "../initiator/cdb.ts";

const MIB = 2 ** 20;

/** The extents that are reported: LBA, blocks, and 0 if they are mapped or 1 if not. */
function extents(peer: Peer, lba: number, most: number): [number, number, number][] {
  const data = exchangeGood(peer, getLbaStatus16(lba, 8 + most * 16), { read: 8 + most * 16 });
  const view = new DataView(data.buffer, 0, data.length);
  assert.equal(view.getUint32(0), data.length - 4);
  return Array.from({ length: (data.length - 8) / 16 }, (_, index) => {
    const at = 8 + index * 16;
    return [Number(view.getBigUint64(at)), view.getUint32(at + 8), view.getUint8(at + 12)];
  });
}

function writePages(peer: Peer, blocksize: number, pages: readonly number[]): void {
  const write = patternBytes(Math.max(4096, blocksize), 1);
  for (const page of pages) {
    const lba = page * write.length / blocksize;
    exchangeGood(peer, write16(lba, write.length / blocksize), { write });
  }
}

Deno.test("getLbaStatus() tells what is mapped from any block on", () => {
  using rig = new Rig({ size: MIB });
  const peer = rig.login(1);
  assert.deepEqual(extents(peer, 0, 4), [[0, 2048, 1]]);
  assert.deepEqual(extents(peer, 2047, 4), [[2047, 1, 1]]);
  writePages(peer, 512, [2, 3, 255]);
  assert.deepEqual(extents(peer, 0, 9), [[0, 16, 1], [16, 16, 0], [32, 2008, 1], [2040, 8, 0]]);
  assert.deepEqual(extents(peer, 3, 2), [[3, 13, 1], [16, 16, 0]]);
  assert.deepEqual(extents(peer, 17, 1), [[17, 15, 0]]);
  assert.deepEqual(extents(peer, 2041, 9), [[2041, 7, 0]]);
});

Deno.test("getLbaStatus() sees what UNMAP has given back", () => {
  using rig = new Rig({ size: MIB });
  Deno.writeFileSync(rig.path, patternBytes(MIB, 1));
  const peer = rig.login(1);
  assert.deepEqual(extents(peer, 0, 9), [[0, 2048, 0]]);
  // The second of them is less than the granularity: nothing is given back for it.
  const write = unmapList([{ lba: 8, blocks: 16 }, { lba: 1001, blocks: 7 }]);
  exchangeGood(peer, unmap(write.length), { write });
  const holes: [number, number, number][] = [[0, 8, 0], [8, 16, 1], [24, 2024, 0]];
  assert.deepEqual(extents(peer, 0, 9), PORTABLE ? [[0, 2048, 0]] : holes);
});

Deno.test("getLbaStatus() counts a block as mapped of which a part is", () => {
  using rig = new Rig({ size: MIB, blocksize: 65536 });
  const file = Deno.openSync(rig.path, { write: true });
  for (const at of [5 * 65536 + 4096, 7 * 65536 + 61440]) {
    file.seekSync(at, Deno.SeekMode.Start);
    file.writeSync(new Uint8Array(4096).fill(1));
  }
  file.close();
  const peer = rig.login(1);
  assert.deepEqual(extents(peer, 0, 9), [[0, 5, 1], [5, 1, 0], [6, 1, 1], [7, 1, 0], [8, 8, 1]]);
  assert.deepEqual(extents(peer, 5, 9)[0], [5, 1, 0]);
});

Deno.test("getLbaStatus() tells of the blocks by which a medium has grown", () => {
  using rig = new Rig({ size: MIB });
  const peer = rig.login(1);
  writePages(peer, 512, [255]);
  Deno.truncateSync(rig.path, 2 * MIB);
  rig.disk.resize(2 * MIB);
  assert.deepEqual(extents(peer, 0, 9), [[0, 2040, 1], [2040, 8, 0], [2048, 2048, 1]]);
  assert.deepEqual(extents(peer, 3000, 9), [[3000, 1096, 1]]);
});

Deno.test("getLbaStatus() tells of so many extents as there is room for, 64 at most", () => {
  using rig = new Rig({ size: MIB });
  const peer = rig.login(1);
  writePages(peer, 512, Array.from({ length: 100 }, (_, index) => 2 * index));
  for (const most of [1, 2, 3, 63, 64, 65, 1000]) {
    const found = extents(peer, 0, most);
    assert.equal(found.length, Math.min(most, 64));
    found.forEach((extent, index) => assert.deepEqual(extent, [8 * index, 8, index % 2]));
  }
  for (const length of [0, 1, 8, 23]) {
    assert.equal(exchange(peer, getLbaStatus16(0, length), { read: 64 }).data.length, length);
  }
});

Deno.test("getLbaStatus() of a thick disk says that all is mapped, of a null disk that nothing is", () => {
  using thick = new Rig({ size: MIB, thinProvisioned: false });
  assert.deepEqual(extents(thick.login(1), 5, 2), [[5, 2043, 0]]);
  using empty = new Rig({ null: true, size: 2 ** 42 });
  const [one, two, ...more] = extents(empty.login(1), 0, 9);
  assert.deepEqual([one, two], [[0, 2 ** 32 - 1, 1], [2 ** 32 - 1, 2 ** 32 - 1, 1]]);
  assert.deepEqual(more, [[2 ** 33 - 2, 2, 1]]);
});

Deno.test("getLbaStatus() ends at the end of the medium, and has the sense of a store that fails", () => {
  using rig = new Rig({ size: MIB });
  const peer = rig.login(1);
  for (const lba of [2048, 2049, 2n ** 63n]) {
    exchangeSense(peer, getLbaStatus16(lba, 24), "05/21/00", { read: 24 });
  }
  rig.store.failures.set(IoOperation.FIND_DATA, Errno.EIO);
  exchangeSense(peer, getLbaStatus16(0, 24), "03/11/00", { read: 24 });
  rig.store.failures.clear();
  writePages(peer, 512, [0]);
  rig.store.failures.set(IoOperation.FIND_HOLE, Errno.EIO);
  exchangeSense(peer, getLbaStatus16(0, 24), "03/11/00", { read: 24 });
});
