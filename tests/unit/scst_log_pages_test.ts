/** LOG SENSE and LOG SELECT (SPC-5 6.8, 6.9) and the log pages (SPC-5 7.3, SBC-4 6.4). */
import assert from "node:assert/strict";
import { Errno } from "../../ffi/errno.ts";
import { exchange, exchangeGood, exchangeManagement, exchangeSense } from "../harness/exchange.ts";
import { toHex } from "../harness/hex.ts";
import { type Peer, Rig, type RigOptions } from "../harness/rig.ts";
import { patternBytes } from "../initiator/bytes.ts";
import {
  inquiry,
  logSelect,
  logSense,
  read10,
  testUnitReady,
  write10,
  writeSame10,
} from "../initiator/cdb.ts";

const MIB = 2 ** 20;
const PROVISIONING = 0x0c;
const STATISTICS = 0x19;
const EXCEPTIONS = 0x2f;
const PCR = 0x02;
const DEFAULT = 3;

interface Options {
  readonly control?: number;
  readonly pointer?: number;
}

function page(peer: Peer, code: number, options: Options = {}): DataView {
  const data = exchangeGood(peer, logSense(code, 1024, options), { read: 1024 });
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  assert.equal(data[0], code);
  assert.equal(view.getUint16(2), data.length - 4, "PAGE LENGTH");
  return view;
}

/** The parameters of a page: code, and value. */
function parameters(peer: Peer, code: number, options: Options = {}): Map<number, DataView> {
  const view = page(peer, code, options);
  const found = new Map<number, DataView>();
  for (let at = 4; at < view.byteLength;) {
    const length = view.getUint8(at + 3);
    assert.equal(view.getUint8(at + 2), 0x03, "binary list");
    found.set(view.getUint16(at), new DataView(view.buffer, view.byteOffset + at + 4, length));
    at += 4 + length;
  }
  return found;
}

Deno.test("logSense() lists its pages, with and without subpages", () => {
  const cases: [RigOptions, plain: string, full: string][] = [
    [{}, "00000004 000c192f", "40ff000a 000000ff 0c001900 2f00"],
    [{ thinProvisioned: false }, "00000003 00192f", "40ff0008 000000ff 19002f00"],
    [{ null: true }, "00000003 00192f", "40ff0008 000000ff 19002f00"],
  ];
  for (const [options, plain, full] of cases) {
    using rig = new Rig(options);
    const peer = rig.login(1);
    const what = JSON.stringify(options);
    assert.equal(toHex(exchangeGood(peer, logSense(0, 64), { read: 64 })), plain, what);
    const all = logSense(0, 64, { subpage: 0xff });
    assert.equal(toHex(exchangeGood(peer, all, { read: 64 })), full, what);
  }
});

Deno.test("logSense() refuses pages, subpages, thresholds and parameters that are not there", () => {
  using rig = new Rig();
  const peer = rig.login(1);
  const cases: [cdb: Uint8Array, byte: number, bit: number][] = [
    [logSense(0, 64, { subpage: 1 }), 3, 7],
    [logSense(0, 64, { pointer: 1 }), 5, 7],
    [logSense(STATISTICS, 64, { subpage: 0xff }), 3, 7],
    [logSense(STATISTICS, 64, { control: 0 }), 2, 7],
    [logSense(STATISTICS, 64, { control: 2 }), 2, 7],
    [logSense(STATISTICS, 64, { pointer: 4 }), 5, 7],
    [logSense(PROVISIONING, 64, { pointer: 3 }), 5, 7],
    [logSense(EXCEPTIONS, 64, { pointer: 1 }), 5, 7],
  ];
  for (let code = 1; code < 0x40; code++) {
    if (![PROVISIONING, STATISTICS, EXCEPTIONS].includes(code)) {
      cases.push([logSense(code, 64), 2, 5]);
    }
  }
  for (const [cdb, byte, bit] of cases) {
    const { fieldPointer } = exchangeSense(peer, cdb, "05/24/00", { read: 64 }, toHex(cdb));
    assert.deepEqual(fieldPointer, { inCdb: true, byte, bit }, toHex(cdb));
  }
});

Deno.test("page 0Ch counts what the disk takes and what is left, in threshold sets", () => {
  for (const blocksize of [512, 4096, 65536]) {
    using rig = new Rig({ size: 64 * MIB, blocksize });
    const peer = rig.login(1);
    const vpd = exchangeGood(peer, inquiry(64, 0xb2), { read: 64 });
    const set = blocksize * 2 ** vpd[4]!;
    assert.equal(set, MIB);
    const used = () => parameters(peer, PROVISIONING).get(0x0002)!;
    assert.equal(used().getUint32(0), 0);
    assert.equal(used().getUint8(4), 1, "dedicated");
    const file = Deno.openSync(rig.path, { write: true });
    file.writeSync(patternBytes(3 * MIB, 1));
    file.close();
    assert.equal(used().getUint32(0), 3);
    const left = parameters(peer, PROVISIONING).get(0x0001)!;
    const output = new Deno.Command("df", { args: ["-B1", "--output=avail", rig.path] })
      .outputSync().stdout;
    const available = Number(new TextDecoder().decode(output).split("\n")[1]);
    assert(Math.abs(left.getUint32(0) * MIB - available) <= 64 * MIB);
    assert.equal(left.getUint8(4), 2, "shared");
    assert.deepEqual([...parameters(peer, PROVISIONING, { pointer: 2 }).keys()], [0x0002]);
  }
});

/** The counters of page 19h, parameter 1. */
function counters(peer: Peer, options: Options = {}): number[] {
  const value = parameters(peer, STATISTICS, options).get(0x0001)!;
  return Array.from({ length: 8 }, (_, index) => Number(value.getBigUint64(index * 8)));
}

Deno.test("page 19h counts reads and writes with their blocks until LOG SELECT resets it", () => {
  using rig = new Rig();
  const [peer, other] = [rig.login(1), rig.login(2)];
  exchangeGood(peer, write10(0, 2), { write: patternBytes(1024, 1) });
  exchangeGood(peer, write10(8, 1), { write: patternBytes(512, 1) });
  exchangeGood(other, read10(0, 8), { read: 4096 });
  exchangeGood(other, writeSame10(0, 1), { write: new Uint8Array(512) });
  assert.deepEqual(counters(peer), [1, 2, 3, 8, 0, 0, 3, 0]);
  assert.deepEqual(counters(peer, { control: DEFAULT }), [0, 0, 0, 0, 0, 0, 0, 0]);
  const interval = parameters(peer, STATISTICS).get(0x0003)!;
  assert.deepEqual([interval.getUint32(0), interval.getUint32(4)], [6, 1]);
  exchangeGood(peer, logSelect(STATISTICS, 0));
  exchangeGood(peer, logSelect(EXCEPTIONS, PCR));
  assert.equal(counters(peer)[0], 1);
  assert.equal(exchange(other, testUnitReady()).status, 0);
  for (const code of [STATISTICS, 0]) {
    exchangeGood(peer, read10(0, 1), { read: 512 });
    exchangeGood(peer, logSelect(code, PCR));
    assert.deepEqual(counters(peer), [0, 0, 0, 0, 0, 0, 0, 0]);
    exchangeSense(other, testUnitReady(), "06/2A/02");
  }
});

Deno.test("page 19h counts the time that the store takes", async () => {
  using rig = new Rig();
  const peer = rig.login(1);
  rig.store.hanging = true;
  peer.send(peer.command({ cdb: read10(0, 1), flags: 0xc1, expectedLength: 512 }));
  const data = patternBytes(512, 1);
  peer.send(peer.command({ cdb: write10(0, 1), flags: 0xa1, expectedLength: 512, data }));
  const began = performance.now();
  await new Promise((resolve) => setTimeout(resolve, 20));
  const idle = () => Number(parameters(peer, STATISTICS).get(0x0002)!.getBigUint64(0));
  assert(Math.abs(idle() - idle()) < 2, "it is busy");
  const least = (performance.now() - began) * 1000 - 1;
  rig.store.hanging = false;
  rig.store.release();
  assert.equal(peer.take().length, 2);
  const before = idle();
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert(idle() - before >= 15_000, "it is idle");
  const [, , , , readTime, writeTime, commands, time] = counters(peer);
  assert(readTime! >= least && writeTime! >= least, `${readTime} ${writeTime} ${least}`);
  assert.deepEqual([commands, time], [2, readTime! + writeTime!]);
});

Deno.test("logSelect() takes no parameters and knows its pages", () => {
  using rig = new Rig();
  const peer = rig.login(1);
  const list = logSelect(STATISTICS, PCR);
  list[8] = 4;
  const cases: [cdb: Uint8Array, byte: number, bit: number][] = [
    [list, 7, 7],
    [logSelect(0x01, PCR), 2, 5],
    [logSelect(STATISTICS, PCR, { subpage: 1 }), 3, 7],
  ];
  for (const [cdb, byte, bit] of cases) {
    const { fieldPointer } = exchangeSense(peer, cdb, "05/24/00", { write: new Uint8Array(4) });
    assert.deepEqual(fieldPointer, { inCdb: true, byte, bit });
  }
});

Deno.test("page 2Fh predicts a failure when a flush has failed", () => {
  using rig = new Rig();
  const peer = rig.login(1);
  const value = () => toHex(new Uint8Array(page(peer, EXCEPTIONS).buffer).slice(0, 12));
  assert.equal(value(), "2f000008 00000304 0000ff00");
  rig.disk.failFlush(Errno.EIO);
  assert.equal(value(), "2f000008 00000304 5d00ff00");
});

Deno.test("logSense() that is aborted while the store counts sends nothing", () => {
  using rig = new Rig();
  const peer = rig.login(1);
  rig.store.hanging = true;
  const cdb = logSense(PROVISIONING, 64);
  assert.equal(peer.send(peer.command({ cdb, flags: 0xc1, expectedLength: 64 })).length, 0);
  assert.equal(exchangeManagement(peer, 2), 0); // ABORT TASK SET
  rig.store.hanging = false;
  rig.store.release();
  assert.equal(peer.take().length, 0);
});
