/** What a drive tells of its disc: READ DISC INFORMATION, READ TRACK INFORMATION, READ DISC STRUCTURE. */
import assert from "node:assert/strict";
import { CD_BLOCKS, CD_MOST, CdRig } from "../harness/cd_rig.ts";
import { dvdRig } from "../harness/device_kinds.ts";
import { exchangeGood, exchangeSense } from "../harness/exchange.ts";
import { hexBytes } from "../harness/hex.ts";
import type { Peer } from "../harness/rig.ts";
import { startStopUnit, testUnitReady } from "../initiator/cdb.ts";
import {
  mechanismStatus,
  readDiscInformation,
  readDiscStructure,
  readTrackInformation,
  setCdSpeed,
  type StructureOptions,
} from "../initiator/mmc.ts";

const READ = { read: 4096 };

function discInformation(peer: Peer): number[] {
  return [...exchangeGood(peer, readDiscInformation(255), READ)];
}

/** Complete session, finalized disc; one session with one track; URU; then the type of the disc. */
const DISC = "0020 0e 01 01 01 01 20";
const REST = "00 00 00 00000000 ffffffff ffffffff 0000000000000000 00 00";

Deno.test("readDiscInformation() is that of a finished disc with one track", () => {
  using cd = new CdRig();
  using dvd = dvdRig();
  assert.deepEqual(discInformation(cd.login(1)), [...hexBytes(`${DISC} 00 ${REST}`)]);
  assert.deepEqual(discInformation(dvd.login(1)), [...hexBytes(`${DISC} ff ${REST}`)]);
  const peer = cd.login(2);
  for (let type = 1; type < 8; type++) {
    const cdb = readDiscInformation(255, type);
    const { fieldPointer } = exchangeSense(peer, cdb, "05/24/00", READ);
    assert.deepEqual(fieldPointer, { inCdb: true, byte: 1, bit: 2 });
  }
});

Deno.test("readTrackInformation() has one data track, by LBA, track and session", () => {
  using rig = new CdRig();
  const peer = rig.login(1);
  const size = CD_BLOCKS.toString(16).padStart(8, "0");
  const expected = [
    ...hexBytes(`002e 01 01 00 04 01 00 00000000 00000000 00000000 00000000 ${size} 00000000`),
    ...Array(16).fill(0),
  ];
  for (const [by, address] of [[0, 0], [0, CD_BLOCKS - 1], [1, 1], [2, 1]] as const) {
    const data = exchangeGood(peer, readTrackInformation(255, by, address), READ);
    assert.deepEqual([...data], expected, `${by} ${address}`);
  }
});

Deno.test("readTrackInformation() refuses what is on no track", () => {
  using rig = new CdRig();
  const peer = rig.login(1);
  const behind = exchangeSense(peer, readTrackInformation(255, 0, CD_BLOCKS), "05/21/00", READ);
  assert.equal(behind.information, CD_BLOCKS);
  for (const by of [1, 2]) {
    for (const number of [0, 2, 0xff]) {
      const cdb = readTrackInformation(255, by, number);
      const { fieldPointer } = exchangeSense(peer, cdb, "05/24/00", READ);
      assert.deepEqual(fieldPointer, { inCdb: true, byte: 2, bit: 7 });
    }
  }
  const reserved = exchangeSense(peer, readTrackInformation(255, 3, 1), "05/24/00", READ);
  assert.deepEqual(reserved.fieldPointer, { inCdb: true, byte: 1, bit: 1 });
});

Deno.test("readDiscStructure() of a DVD: physical format, copyright, manufacturing, and their list", () => {
  using rig = dvdRig();
  const peer = rig.login(1);
  const read = (format: number) => [...exchangeGood(peer, readDiscStructure(4096, format), READ)];
  const last = (0x030000 + CD_MOST).toString(16).padStart(8, "0");
  const physical = hexBytes(`0802 0000 01 0f 01 00 00030000 ${last} 00000000`);
  assert.deepEqual(read(0x00), [...physical, ...Array(2052 - physical.length).fill(0)]);
  assert.deepEqual(read(0x01), [...hexBytes("0006 0000 00000000")]);
  assert.deepEqual(read(0x04), [...hexBytes("0802 0000"), ...Array(2048).fill(0)]);
  assert.deepEqual(read(0xff), [...hexBytes("000e 0000 00 40 0804 01 40 0008 04 40 0804")]);
});

Deno.test("readDiscStructure() says of a DVD that is too large where its sector numbers end", () => {
  using rig = new CdRig();
  const peer = rig.login(1);
  rig.insert(0, 20_000_000);
  exchangeSense(peer, testUnitReady(), "06/28/00");
  const data = exchangeGood(peer, readDiscStructure(16, 0), { read: 16 });
  assert.deepEqual([...data.subarray(8, 16)], [0, 3, 0, 0, 0, 0xff, 0xff, 0xff]);
});

Deno.test("readDiscStructure() refuses what a DVD does not have, and everything of a CD", () => {
  using dvd = dvdRig();
  const peer = dvd.login(1);
  const refused = (format: number, options: StructureOptions, byte: number, bit = 7) => {
    const cdb = readDiscStructure(4096, format, options);
    const { fieldPointer } = exchangeSense(peer, cdb, "05/24/00", READ);
    assert.deepEqual(fieldPointer, { inCdb: true, byte, bit });
  };
  for (const format of [0x02, 0x03, 0x05, 0x0e, 0x10, 0x30, 0xc0, 0xfe]) refused(format, {}, 7);
  refused(0, { layer: 1 }, 6);
  refused(0, { media: 1 }, 1, 3);
  using cd = new CdRig();
  for (const format of [0x00, 0x01, 0x04, 0xff]) {
    exchangeSense(cd.login(format + 1), readDiscStructure(4096, format), "05/30/02", READ);
  }
});

Deno.test("mechanismStatus() tells whether the tray is open, with a medium and without", () => {
  for (const empty of [false, true]) {
    using rig = new CdRig({ empty });
    const peer = rig.login(1);
    const status = () => [...exchangeGood(peer, mechanismStatus(255), READ)];
    assert.deepEqual(status(), Array(8).fill(0));
    exchangeGood(peer, startStopUnit({ loadOrEject: true }));
    assert.deepEqual(status(), [0, 0x10, 0, 0, 0, 0, 0, 0]);
    exchangeGood(peer, startStopUnit({ loadOrEject: true, start: true }));
    assert.deepEqual(status(), Array(8).fill(0));
  }
});

Deno.test("SET CD SPEED is taken, and changes nothing", () => {
  using rig = new CdRig();
  const peer = rig.login(1);
  for (const speed of [0, 176, 0xffff]) exchangeGood(peer, setCdSpeed(speed, 0xffff));
});
