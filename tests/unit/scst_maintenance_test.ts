/** MAINTENANCE IN and OUT: task management functions, identifying information, timestamp (SPC-5 6). */
import assert from "node:assert/strict";
import { StoreError } from "../../lib/store/store.ts";
import { exchange, exchangeGood, exchangeManagement, exchangeSense } from "../harness/exchange.ts";
import { toHex } from "../harness/hex.ts";
import { type Peer, Rig } from "../harness/rig.ts";
import { patternBytes } from "../initiator/bytes.ts";
import {
  reportInformation,
  reportTimestamp,
  reportTmfs,
  setInformation,
  setTimestamp,
  testUnitReady,
} from "../initiator/cdb.ts";

const DEVICE = 0;
const TEXT = 2;
const TYPES = 127;

Deno.test("reportSupportedTmfs() says what task management really does", () => {
  using rig = new Rig();
  const peer = rig.login(1);
  assert.equal(toHex(exchangeGood(peer, reportTmfs(16), { read: 16 })), "fa000000");
  // TMFTMOV, all functions with the short timeout of 10 seconds, the long one of 60.
  const extended = exchangeGood(peer, reportTmfs(64, true), { read: 64 });
  assert.equal(toHex(extended), "fa00000c 0100f800 00000258 00000064");
  // RFC 7143 11.5.1 by function: ABORT TASK SET, CLEAR ACA, CLEAR TASK SET, the three resets.
  const bits = [[2, 0x40], [3, 0x20], [4, 0x10], [5, 0x08], [6, 0x02]] as const;
  for (const [code, bit] of bits) {
    const supported = exchangeManagement(peer, code) === 0;
    assert.equal(supported, (extended[0]! & bit) !== 0, `function ${code}`);
  }
});

function information(peer: Peer, type: number): Uint8Array<ArrayBuffer> {
  const data = exchangeGood(peer, reportInformation(600, type), { read: 600 });
  assert.deepEqual([...data.subarray(0, 4)], [0, 0, data.length - 4 >> 8, data.length - 4 & 0xff]);
  return data.slice(4);
}

function note(peer: Peer, type: number, write: Uint8Array): void {
  exchangeGood(peer, setInformation(write.length, type), write.length === 0 ? {} : { write });
}

const text = (words: string) => new TextEncoder().encode(words);

Deno.test("identifying information is kept through a restart, and everybody else is told", () => {
  const stateDir = Deno.makeTempDirSync();
  try {
    const device = patternBytes(512, 1);
    {
      using rig = new Rig({ stateDir });
      const [peer, other] = [rig.login(1), rig.login(2)];
      assert.equal(toHex(information(peer, TYPES)), "00000200 04000100");
      for (const type of [DEVICE, TEXT]) assert.equal(information(peer, type).length, 0);
      note(peer, DEVICE, device);
      exchangeSense(other, testUnitReady(), "06/3F/05");
      note(other, TEXT, text("Ger\u00e4t 1\0"));
      exchangeSense(peer, testUnitReady(), "06/3F/05");
    }
    {
      using rig = new Rig({ stateDir });
      const peer = rig.login(1);
      assert.deepEqual(information(peer, DEVICE), device);
      assert.deepEqual(information(peer, TEXT), text("Ger\u00e4t 1\0"));
      note(peer, DEVICE, new Uint8Array(0));
    }
    using rig = new Rig({ stateDir });
    const peer = rig.login(1);
    assert.equal(information(peer, DEVICE).length, 0);
    assert.equal(information(peer, TEXT).length, 9);
    Deno.writeTextFileSync(`${stateDir}/identifying_information/rig`, "scst-state 1 0\n");
    Deno.removeSync(`${stateDir}/identifying_information/rig.1`);
    assert.throws(() => new Rig({ stateDir }), StoreError);
  } finally {
    Deno.removeSync(stateDir, { recursive: true });
  }
});

Deno.test("setIdentifyingInformation() refuses what is too long, no text, or of another type", () => {
  using rig = new Rig();
  const peer = rig.login(1);
  const cases: [cdb: Uint8Array, byte: number][] = [
    [setInformation(513, DEVICE), 6],
    [setInformation(257, TEXT), 6],
    [setInformation(4, 1), 10],
    [setInformation(4, TYPES), 10],
  ];
  for (const [cdb, byte] of cases) {
    const { fieldPointer } = exchangeSense(peer, cdb, "05/24/00", { write: new Uint8Array(520) });
    assert.deepEqual(fieldPointer, { inCdb: true, byte, bit: 7 }, toHex(cdb));
  }
  const { fieldPointer } = exchangeSense(peer, reportInformation(64, 1), "05/24/00", { read: 64 });
  assert.deepEqual(fieldPointer, { inCdb: true, byte: 10, bit: 7 });
  for (const wrong of [text("no end"), text("two\0ends\0"), Uint8Array.of(0xff, 0)]) {
    const sense = exchangeSense(peer, setInformation(wrong.length, TEXT), "05/26/00", {
      write: wrong,
    });
    assert.deepEqual(sense.fieldPointer, { inCdb: false, byte: 0, bit: 7 });
  }
  exchangeSense(peer, setInformation(9, DEVICE), "05/1A/00", { write: new Uint8Array(8) });
  for (const type of [DEVICE, TEXT]) assert.equal(information(peer, type).length, 0);
});

Deno.test("setIdentifyingInformation() that cannot save says so", () => {
  using rig = new Rig({ stateDir: "/dev/shm/scst_there_is_no_such_directory" });
  const peer = rig.login(1);
  exchangeSense(peer, setInformation(4, DEVICE), "04/44/00", { write: new Uint8Array(4) });
  assert.match(rig.log.join("\n"), /^error Cannot save .*identifying_information\/rig: /m);
});

/** The timestamp of the device and where it comes from. */
function timestamp(peer: Peer): { time: number; origin: number } {
  const data = exchangeGood(peer, reportTimestamp(64), { read: 64 });
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  assert.deepEqual([data.length, view.getUint16(0)], [12, 10]);
  return { time: view.getUint16(4) * 2 ** 32 + view.getUint32(6), origin: view.getUint8(2) };
}

Deno.test("the timestamp is the host's until it is set, and goes on from there", () => {
  using rig = new Rig();
  const [peer, other] = [rig.login(1), rig.login(2)];
  const own = timestamp(peer);
  assert.equal(own.origin, 3);
  assert(Math.abs(own.time - Date.now()) < 1000);
  for (const time of [0, 0x123456789abc, 0xf0ff_ffff_ffff - 100_000]) {
    const write = new Uint8Array(12);
    new DataView(write.buffer).setUint16(4, Math.floor(time / 2 ** 32));
    new DataView(write.buffer).setUint32(6, time % 2 ** 32);
    exchangeGood(peer, setTimestamp(12), { write });
    exchangeSense(other, testUnitReady(), "06/2A/10");
    const set = timestamp(other);
    assert.equal(set.origin, 2);
    assert(set.time >= time && set.time < time + 1000, `${set.time} after ${time}`);
  }
  const tooLate = new Uint8Array(12);
  tooLate[4] = 0xf1;
  const { fieldPointer } = exchangeSense(peer, setTimestamp(12), "05/26/00", { write: tooLate });
  assert.deepEqual(fieldPointer, { inCdb: false, byte: 4, bit: 7 });
  exchangeGood(peer, setTimestamp(0));
  for (const length of [1, 11, 13]) {
    exchangeSense(peer, setTimestamp(length), "05/1A/00", { write: new Uint8Array(13) });
  }
  exchangeSense(peer, setTimestamp(12), "05/1A/00", { write: new Uint8Array(11) });
  assert.equal(exchange(other, testUnitReady()).status, 0);
});
