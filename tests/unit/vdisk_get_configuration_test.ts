/** GET CONFIGURATION (MMC-6): header and every feature, for each kind of medium. */
import assert from "node:assert/strict";
import { CD_BLOCK, CD_MOST, CdRig } from "../harness/cd_rig.ts";
import { dvdRig } from "../harness/device_kinds.ts";
import { exchangeGood, exchangeSense } from "../harness/exchange.ts";
import { hexBytes } from "../harness/hex.ts";
import type { Peer } from "../harness/rig.ts";
import { startStopUnit } from "../initiator/cdb.ts";
import { getConfiguration } from "../initiator/mmc.ts";

/** A feature as the header and the data of its descriptor say it. */
interface Expected {
  readonly code: number;
  readonly version: number;
  readonly persistent: boolean;
  readonly current: boolean;
  readonly data: string;
}

function expected(profile: number): Expected[] {
  const [cd, dvd] = [profile === 8, profile === 16];
  const always = { persistent: true, current: true };
  const only = (current: boolean) => ({ persistent: false, current });
  const profiles = `0010 0${dvd ? 1 : 0} 00 0008 0${cd ? 1 : 0} 00`;
  const blocking = dvd ? "0010" : "0001";
  return [
    { code: 0x0000, version: 0, ...always, data: profiles },
    { code: 0x0001, version: 2, ...always, data: "00000001 03 000000" },
    { code: 0x0002, version: 1, ...always, data: "02000000" },
    { code: 0x0003, version: 1, ...always, data: "39000000" },
    { code: 0x0010, version: 0, ...only(cd || dvd), data: `00000800 ${blocking} 01 00` },
    { code: 0x001e, version: 2, ...only(cd), data: "00000000" },
    { code: 0x001f, version: 1, ...only(dvd), data: "00000000" },
    { code: 0x0100, version: 0, ...always, data: "" },
    { code: 0x0105, version: 1, ...always, data: "00000000" },
    { code: 0x0108, version: 0, ...always, data: "72696720" }, // "rig "
  ];
}

function encode(features: readonly Expected[], profile: number): number[] {
  const content = features.flatMap(({ code, version, persistent, current, data }) => {
    const bytes = [...hexBytes(data)];
    const flags = version << 2 | (persistent ? 2 : 0) | (current ? 1 : 0);
    return [code >> 8, code & 0xff, flags, bytes.length, ...bytes];
  });
  return [0, 0, 0, content.length + 4, 0, 0, 0, profile, ...content];
}

function ask(peer: Peer, type: number, first: number): number[] {
  return [...exchangeGood(peer, getConfiguration(512, type, first), { read: 512 })];
}

function assertConfiguration(peer: Peer, profile: number): void {
  const features = expected(profile);
  for (
    const first of [0, 1, 2, 3, 4, 0x10, 0x1d, 0x1e, 0x1f, 0x20, 0x100, 0x105, 0x108, 0x109, 0xffff]
  ) {
    const all = features.filter(({ code }) => code >= first);
    assert.deepEqual(ask(peer, 0, first), encode(all, profile));
    assert.deepEqual(ask(peer, 1, first), encode(all.filter(({ current }) => current), profile));
    assert.deepEqual(
      ask(peer, 2, first),
      encode(all.filter(({ code }) => code === first), profile),
    );
  }
}

Deno.test("getConfiguration() of a CD", () => {
  using rig = new CdRig({ size: CD_MOST * CD_BLOCK });
  assertConfiguration(rig.login(1), 0x08);
});

Deno.test("getConfiguration() of a DVD, which is what a CD has no room for", () => {
  using rig = dvdRig();
  assertConfiguration(rig.login(1), 0x10);
});

Deno.test("getConfiguration() without a medium has no current profile", () => {
  using rig = new CdRig({ empty: true });
  assertConfiguration(rig.login(1), 0);
});

Deno.test("getConfiguration() with the tray open has no current profile", () => {
  using rig = new CdRig();
  const peer = rig.login(1);
  exchangeGood(peer, startStopUnit({ loadOrEject: true }));
  assertConfiguration(peer, 0);
});

Deno.test("getConfiguration() follows the medium", () => {
  using rig = new CdRig();
  const peer = rig.login(1);
  const profile = () => ask(peer, 2, 0)[7];
  assert.equal(profile(), 0x08);
  rig.insert(2, CD_MOST + 1);
  assert.equal(profile(), 0x10, "it passes the unit attention");
  rig.remove();
  assert.equal(profile(), 0);
  rig.insert(3);
  assert.equal(profile(), 0x08);
});

Deno.test("getConfiguration() refuses the RT that is reserved", () => {
  using rig = new CdRig();
  const peer = rig.login(1);
  const { fieldPointer } = exchangeSense(peer, getConfiguration(512, 3), "05/24/00", { read: 512 });
  assert.deepEqual(fieldPointer, { inCdb: true, byte: 1, bit: 1 });
});
