/** READ TOC/PMA/ATIP (MMC-6), byte by byte. */
import assert from "node:assert/strict";
import { lbaOf, msfOf } from "../../lib/vdisk/msf.ts";
import { CD_BLOCK, CD_MOST, CdRig } from "../harness/cd_rig.ts";
import { dvdRig } from "../harness/device_kinds.ts";
import { exchangeGood, exchangeSense } from "../harness/exchange.ts";
import { hexBytes } from "../harness/hex.ts";
import type { Peer } from "../harness/rig.ts";
import { readToc, type TocOptions } from "../initiator/mmc.ts";

/** 10 minutes and 5 frames: its lead-out is at 10:02:05. */
const BLOCKS = 10 * 60 * 75 + 5;

const cdOf = (blocks: number) => new CdRig({ size: blocks * CD_BLOCK });

function assertToc(peer: Peer, options: TocOptions, expected: string): void {
  const data = exchangeGood(peer, readToc(255, options), { read: 255 }, JSON.stringify(options));
  assert.deepEqual([...data], [...hexBytes(expected)], JSON.stringify(options));
}

function assertRefused(peer: Peer, options: TocOptions, byte: number, bit: number): void {
  const { fieldPointer } = exchangeSense(peer, readToc(255, options), "05/24/00", { read: 255 });
  assert.deepEqual(fieldPointer, { inCdb: true, byte, bit }, JSON.stringify(options));
}

const HEAD = "0012 01 01";
const LEAD_OUT_HEAD = "000a 01 01";
const TRACK = "00 14 01 00 00000000";
const TRACK_MSF = "00 14 01 00 00000200";
const LEAD_OUT = "00 14 aa 00 0000afcd";
const LEAD_OUT_MSF = "00 14 aa 00 000a0205";

Deno.test("readToc() has one data track and the lead-out, by LBA and by MSF", () => {
  using rig = cdOf(BLOCKS);
  const peer = rig.login(1);
  for (const number of [0, 1]) {
    assertToc(peer, { number }, `${HEAD} ${TRACK} ${LEAD_OUT}`);
    assertToc(peer, { number, msf: true }, `${HEAD} ${TRACK_MSF} ${LEAD_OUT_MSF}`);
  }
  assertToc(peer, { number: 0xaa }, `${LEAD_OUT_HEAD} ${LEAD_OUT}`);
  assertToc(peer, { number: 0xaa, msf: true }, `${LEAD_OUT_HEAD} ${LEAD_OUT_MSF}`);
  for (const number of [2, 99, 0xa9, 0xab, 0xff]) assertRefused(peer, { number }, 6, 7);
});

Deno.test("readToc() has one session, and takes its format from CONTROL as well", () => {
  using rig = cdOf(BLOCKS);
  const peer = rig.login(1);
  assertToc(peer, { format: 1 }, `000a 01 01 ${TRACK}`);
  assertToc(peer, { format: 1, msf: true }, `000a 01 01 ${TRACK_MSF}`);
  assertToc(peer, { oldFormat: 1 }, `000a 01 01 ${TRACK}`);
  assertToc(peer, { format: 1, oldFormat: 2 }, `000a 01 01 ${TRACK}`);
});

Deno.test("readToc() has the full TOC of a CD as its lead-in would", () => {
  using rig = cdOf(BLOCKS);
  const peer = rig.login(1);
  const full = [
    "002e 01 01",
    "01 14 00 a0 000000 00 010000",
    "01 14 00 a1 000000 00 010000",
    "01 14 00 a2 000000 00 0a0205",
    "01 14 00 01 000000 00 000200",
  ].join(" ");
  for (const number of [0, 1]) assertToc(peer, { format: 2, number }, full);
  assertToc(peer, { format: 2, msf: true }, full);
  assertToc(peer, { oldFormat: 2 }, full);
  assertRefused(peer, { format: 2, number: 2 }, 6, 7);
});

Deno.test("readToc() has neither PMA, ATIP nor CD-TEXT", () => {
  using rig = cdOf(BLOCKS);
  const peer = rig.login(1);
  for (let format = 3; format < 16; format++) assertRefused(peer, { format }, 2, 3);
  assertRefused(peer, { oldFormat: 3 }, 2, 3);
});

Deno.test("readToc() of a DVD is made up as far as that goes", () => {
  using rig = dvdRig();
  const peer = rig.login(1);
  assertToc(peer, {}, `${HEAD} ${TRACK} 00 14 aa 00 00057e41`);
  assertToc(peer, { format: 1 }, `000a 01 01 ${TRACK}`);
  assertRefused(peer, { format: 2 }, 2, 3);
});

Deno.test("readToc() of a DVD with an address beyond all minutes says the last one", () => {
  using rig = new CdRig();
  const peer = rig.login(1);
  rig.insert(0, 4_000_000);
  exchangeSense(peer, readToc(255), "06/28/00", { read: 255 });
  assertToc(peer, { msf: true }, `${HEAD} ${TRACK_MSF} 00 14 aa 00 00ff3b4a`);
});

Deno.test("msfOf() and lbaOf() are each other's inverse", () => {
  for (const lba of [0, 1, 74, 75, 4349, 4350, CD_MOST - 1, 99 * 60 * 75, 255 * 60 * 75 - 1]) {
    const [minute, second, frame] = msfOf(lba);
    assert(second < 60 && frame < 75);
    assert.equal((minute * 60 + second) * 75 + frame, lba + 150);
    assert.equal(lbaOf(Uint8Array.of(0, minute, second, frame), 1), lba);
  }
  assert.deepEqual(msfOf(0), [0, 2, 0]);
  assert.deepEqual(msfOf(2 ** 32), [255, 59, 74]);
  assert.equal(lbaOf(Uint8Array.of(0, 0, 0), 0), -150);
  assert.equal(lbaOf(Uint8Array.of(0, 60, 0), 0), undefined);
  assert.equal(lbaOf(Uint8Array.of(0, 0, 75), 0), undefined);
});
