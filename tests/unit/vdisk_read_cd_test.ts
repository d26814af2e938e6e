/** The ways to read a CD: READ, READ CD and READ CD MSF. */
import assert from "node:assert/strict";
import { Errno } from "../../ffi/errno.ts";
import { IoOperation } from "../../lib/store/io_request.ts";
import { msfOf } from "../../lib/vdisk/msf.ts";
import { CD_BLOCK, CD_BLOCKS, CdRig, imageOf } from "../harness/cd_rig.ts";
import { dvdRig } from "../harness/device_kinds.ts";
import { exchange, exchangeGood, exchangeSense } from "../harness/exchange.ts";
import type { Peer } from "../harness/rig.ts";
import { read10, read12, read16, read6, verify10 } from "../initiator/cdb.ts";
import { readCd, readCdMsf } from "../initiator/mmc.ts";

const IMAGE = imageOf(1);

const msf = (lba: number, blocks: number) => readCdMsf(msfOf(lba), msfOf(lba + blocks));

const WAYS: readonly [name: string, cdb: (lba: number, blocks: number) => Uint8Array][] = [
  ["READ(6)", read6],
  ["READ(10)", read10],
  ["READ(12)", read12],
  ["READ(16)", read16],
  ["READ CD", readCd],
  ["READ CD of mode 1", (lba, blocks) => readCd(lba, blocks, { type: 2 })],
  ["READ CD MSF", msf],
];

function assertRefused(peer: Peer, cdb: Uint8Array, byte: number, bit = 7): void {
  const { fieldPointer } = exchangeSense(peer, cdb, "05/24/00", { read: CD_BLOCK });
  assert.deepEqual(fieldPointer, { inCdb: true, byte, bit });
}

Deno.test("read(), readCd() and readCdMsf() give the blocks of the image", () => {
  using rig = new CdRig();
  const peer = rig.login(1);
  for (const [name, cdb] of WAYS) {
    for (const [lba, blocks] of [[0, 1], [1, 3], [CD_BLOCKS - 1, 1], [0, CD_BLOCKS]] as const) {
      for (const hanging of [false, true]) {
        rig.store.hanging = hanging;
        const command = peer.command({
          cdb: cdb(lba, blocks),
          flags: 0xc1,
          expectedLength: blocks * CD_BLOCK,
        });
        const answers = peer.send(command);
        rig.store.hanging = false;
        rig.store.release();
        const data = [...answers, ...peer.take()].flatMap((pdu) => [...pdu.data]);
        const expected = IMAGE.subarray(lba * CD_BLOCK, (lba + blocks) * CD_BLOCK);
        assert.deepEqual(Uint8Array.from(data), expected, `${name} ${lba} ${blocks} ${hanging}`);
      }
    }
  }
  exchangeGood(peer, verify10(0, CD_BLOCKS));
  exchangeGood(peer, verify10(3, 1, 0x02), { write: IMAGE.slice(3 * CD_BLOCK, 4 * CD_BLOCK) });
});

Deno.test("read(), readCd() and readCdMsf() end with the medium", () => {
  using rig = new CdRig();
  const peer = rig.login(1);
  for (const [name, cdb] of WAYS) {
    const across = exchangeSense(peer, cdb(CD_BLOCKS - 1, 2), "05/21/00", { read: 4096 }, name);
    assert.equal(across.information, CD_BLOCKS, name);
    exchangeSense(peer, cdb(CD_BLOCKS, 1), "05/21/00", { read: CD_BLOCK }, name);
  }
});

Deno.test("an error of the store becomes that of the block", () => {
  using rig = new CdRig();
  const peer = rig.login(1);
  rig.store.failures.set(IoOperation.READ, Errno.EIO);
  for (const [name, cdb] of WAYS) {
    const { information } = exchangeSense(peer, cdb(5, 2), "03/11/00", { read: 4096 }, name);
    assert.equal(information, 5, name);
  }
});

Deno.test("readCd() gives user data, or nothing if nothing is wanted", () => {
  using rig = new CdRig();
  const peer = rig.login(1);
  const nothing = exchange(peer, readCd(0, 4, { main: 0 }), { read: CD_BLOCK });
  assert.deepEqual([nothing.status, nothing.data.length, nothing.residual], [0, 0, -CD_BLOCK]);
  for (const main of [0x80, 0x20, 0x40, 0x08, 0xf8, 0x12, 0x14]) {
    assertRefused(peer, readCd(0, 1, { main }), 9);
    assertRefused(peer, readCdMsf([0, 2, 0], [0, 2, 1], { main }), 9);
  }
  for (const sub of [1, 2, 4]) assertRefused(peer, readCd(0, 1, { sub }), 10, 2);
});

Deno.test("readCd() finds no other sectors than those of mode 1", () => {
  using rig = new CdRig();
  const peer = rig.login(1);
  for (const type of [1, 3, 4, 5]) {
    exchangeSense(peer, readCd(0, 1, { type }), "05/64/00", { read: CD_BLOCK });
    exchangeSense(peer, readCdMsf([0, 2, 0], [0, 2, 1], { type }), "05/64/00", { read: CD_BLOCK });
  }
  for (const type of [6, 7]) assertRefused(peer, readCd(0, 1, { type }), 1, 4);
});

Deno.test("readCd() is for CDs: a DVD has no such sectors", () => {
  using rig = dvdRig();
  const peer = rig.login(1);
  exchangeSense(peer, readCd(0, 1), "05/30/02", { read: CD_BLOCK });
  exchangeSense(peer, msf(0, 1), "05/30/02", { read: CD_BLOCK });
  exchangeGood(peer, read10(360_000, 1), { read: CD_BLOCK });
});

Deno.test("readCdMsf() takes addresses, in their order, from block 0 on", () => {
  using rig = new CdRig();
  const peer = rig.login(1);
  const empty = exchange(peer, readCdMsf([0, 2, 5], [0, 2, 5]), { read: CD_BLOCK });
  assert.deepEqual([empty.status, empty.data.length], [0, 0]);
  for (const wrong of [[0, 60, 0], [0, 2, 75]] as const) {
    assertRefused(peer, readCdMsf(wrong, [1, 0, 0]), 3);
    assertRefused(peer, readCdMsf([0, 2, 0], wrong), 6);
  }
  assertRefused(peer, readCdMsf([0, 2, 2], [0, 2, 1]), 6);
  exchangeSense(peer, readCdMsf([0, 1, 74], [0, 2, 1]), "05/21/00", { read: CD_BLOCK });
});

Deno.test("readCd() has the same limit as READ", () => {
  using rig = new CdRig();
  const peer = rig.login(1);
  assertRefused(peer, readCd(0, 4097), 6);
  assertRefused(peer, read10(0, 4097), 7);
});
