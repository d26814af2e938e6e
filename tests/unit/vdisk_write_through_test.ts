/**
 * What GOOD promises in each cache mode, for every way to change the medium: by the calls of the store.
 * write_through itself is in tests/faults/write_through_test.ts, with every command that there is.
 */
import assert from "node:assert/strict";
import { OPERATION_TABLE } from "../../lib/scst/opcodes.ts";
import type { Operation } from "../../lib/scst/operation.ts";
import { copyCdb, copyList } from "../harness/copy_list.ts";
import { exchange, exchangeGood, type Transfer } from "../harness/exchange.ts";
import { hexBytes } from "../harness/hex.ts";
import { setSoftwareProtection, setWriteCache } from "../harness/modes.ts";
import { type Peer, Rig, RIG_IDS, type RigOptions } from "../harness/rig.ts";
import { tokenFor, writeToken } from "../harness/rod_exchange.ts";
import { zeroToken } from "../harness/rod_list.ts";
import { blockErase, formatUnit, overwrite, overwriteList } from "../harness/sanitize_cdbs.ts";
import { VolatileStore } from "../harness/volatile_store.ts";
import {
  compareAndWrite,
  orWrite16,
  testUnitReady,
  unmap,
  unmapList,
  write10,
  write12,
  write16,
  write6,
  writeAtomic16,
  writeSame10,
  writeSame16,
} from "../initiator/cdb.ts";

const DATA = new Uint8Array(1024).fill(3);
const ONE = { write: DATA.subarray(0, 512) };
const TWO = { write: DATA };
const ZERO = { write: new Uint8Array(512) };
const FUA = 0x08;
const NDOB = 0x01;
const UNMAP = 0x08;

type Deed = readonly [cdb: Uint8Array, transfer?: Transfer];

const LIST = unmapList([{ lba: 8, blocks: 8 }, { lba: 64, blocks: 1 }]);
const SELF = { naaId: RIG_IDS.naaId };
const COPY = copyList({ targets: [SELF, SELF], segments: [{ blocks: 8, toLba: 100 }] });
const OVERWRITE = overwriteList(1, ONE.write);

function tokenDeed(token: Uint8Array): Deed {
  const { cdb, transfer } = writeToken(token, [[100, 8]], { lun: 0 });
  return [cdb, transfer];
}

/** Ways to change the medium, by the row of the opcode table that they use. */
const DEEDS: Record<string, (peer: Peer) => readonly Deed[]> = {
  "WRITE(6)": () => [[write6(0, 1), ONE]],
  "WRITE(10)": () => [[write10(0, 2), TWO]],
  "WRITE(12)": () => [[write12(0, 2), TWO]],
  "WRITE(16)": () => [[write16(0, 2), TWO]],
  "WRITE AND VERIFY(10)": () => [[hexBytes("2e 00 00000000 00 0002 00"), TWO]],
  "WRITE AND VERIFY(12)": () => [[hexBytes("ae 00 00000000 00000002 00 00"), TWO]],
  "WRITE AND VERIFY(16)": () => [[hexBytes("8e 00 0000000000000000 00000002 00 00"), TWO]],
  "WRITE SAME(10)": () => [
    [writeSame10(0, 9), ONE],
    [writeSame10(0, 9), ZERO],
    [writeSame10(0, 9, UNMAP), ZERO],
  ],
  "WRITE SAME(16)": () => [
    [writeSame16(0, 9), ONE],
    [writeSame16(0, 9), ZERO],
    [writeSame16(0, 9, UNMAP), ZERO],
    [writeSame16(0, 9, NDOB)],
  ],
  "COMPARE AND WRITE": (peer) => {
    exchangeGood(peer, write10(0, 1), ONE);
    return [[compareAndWrite(0, 1), TWO]];
  },
  "ORWRITE(16)": () => [[orWrite16(0, 2), TWO]],
  "WRITE ATOMIC(16)": () => [[writeAtomic16(0, 2), TWO]],
  "UNMAP": () => [[unmap(LIST.length), { write: LIST }]],
  "EXTENDED COPY(LID1)": () => [[copyCdb(0x83, 0, COPY.length), { write: COPY }]],
  "WRITE USING TOKEN": (peer) => [tokenDeed(tokenFor(peer, [[0, 8]])), tokenDeed(zeroToken())],
  "FORMAT UNIT": () => [[formatUnit()]],
  "SANITIZE OVERWRITE": () => [[overwrite(OVERWRITE.length), { write: OVERWRITE }]],
  "SANITIZE BLOCK ERASE": () => [[blockErase()]],
};

/** They bring all that they do to stable storage, whatever the cache. */
const ALWAYS_DURABLE = /^(WRITE AND VERIFY|WRITE ATOMIC|FORMAT UNIT|SANITIZE)/;

const ROWS = OPERATION_TABLE.rows.filter(({ name, changesMedium }) =>
  changesMedium === true || name === "EXTENDED COPY(LID1)"
);

/** Bit 3 of byte 1 is FUA, except in WRITE(6), where it is UNMAP, and where a service action stands. */
function hasFua({ name, usage, serviceAction }: Operation): boolean {
  const bytes = hexBytes(usage);
  return (bytes[1]! & FUA) !== 0 && bytes.length > 6 && serviceAction === undefined &&
    !name.startsWith("WRITE SAME");
}

class Scene implements Disposable {
  readonly rig: Rig;
  readonly peer: Peer;
  store!: VolatileStore;

  constructor(options: RigOptions = {}) {
    const around = (inner: ConstructorParameters<typeof VolatileStore>[0]) =>
      this.store = new VolatileStore(inner);
    this.rig = new Rig({ ...options, around });
    this.peer = this.rig.login(1);
  }

  /** Does what a row does in each way; says of each what would be lost then, and by what calls. */
  perform(name: string, flags = 0): { lost: number; calls: string }[] {
    return DEEDS[name]!(this.peer).map(([cdb, transfer]) => {
      const given = cdb.slice();
      given[1]! |= flags;
      this.store.calls = [];
      this.store.unflushed = 0;
      exchangeGood(this.peer, given, transfer, name);
      const calls = this.store.calls.join(" ");
      assert.notEqual(calls + this.store.unflushed, "0", `${name} has to do something`);
      return { lost: this.store.unflushed, calls };
    });
  }

  [Symbol.dispose](): void {
    this.rig[Symbol.dispose]();
  }
}

Deno.test("every command that changes the medium is tried here", () => {
  const missing = ROWS.map(({ name }) => name).filter((name) => DEEDS[name] === undefined);
  assert.deepEqual(missing, []);
});

Deno.test("while MODE SELECT has cleared WCE, GOOD means that all of it is on stable storage, and only then", () => {
  for (const { name } of ROWS) {
    using scene = new Scene();
    setWriteCache(scene.peer, false);
    for (const { lost, calls } of scene.perform(name)) assert.equal(lost, 0, `${name}: ${calls}`);
    setWriteCache(scene.peer, true);
    if (ALWAYS_DURABLE.test(name)) continue;
    for (const { lost, calls } of scene.perform(name)) assert(lost > 0, `${name}: ${calls}`);
  }
});

Deno.test("with a write cache nothing is flushed unasked, and what has to be durable by itself is", () => {
  for (const { name } of ROWS) {
    using scene = new Scene();
    for (const { lost, calls } of scene.perform(name)) {
      assert.equal(lost === 0, ALWAYS_DURABLE.test(name), `${name}: ${calls}`);
    }
  }
});

Deno.test("FUA is honoured by every command that has it", () => {
  const rows = ROWS.filter(hasFua);
  assert.deepEqual(rows.map(({ name }) => name), [
    "WRITE(10)",
    "COMPARE AND WRITE",
    "WRITE(16)",
    "ORWRITE(16)",
    "WRITE ATOMIC(16)",
    "WRITE(12)",
  ]);
  for (const { name } of rows) {
    using scene = new Scene();
    for (const { lost, calls } of scene.perform(name, FUA)) {
      assert.equal(lost, 0, `${name}: ${calls}`);
      assert.doesNotMatch(calls, /SYNC/, "not what others have written");
    }
  }
});

Deno.test("nv_cache: nothing is flushed, whatever asks for it", () => {
  for (const { name } of ROWS) {
    if (/^(FORMAT UNIT|SANITIZE)/.test(name)) continue; // they report that the medium was made new
    using scene = new Scene({ nvCache: true });
    for (const flags of hasFua(row(name)) ? [0, FUA] : [0]) {
      for (const { calls } of scene.perform(name, flags)) {
        assert.doesNotMatch(calls, /SYNC|DURABLE/, name);
      }
    }
    scene.store.calls = [];
    exchangeGood(scene.peer, hexBytes("35 00 00000000 00 0000 00"));
    setSoftwareProtection(scene.peer, true);
    assert.deepEqual(scene.store.calls, []);
  }
});

function row(name: string): Operation {
  return ROWS.find((candidate) => candidate.name === name)!;
}

Deno.test("modeSelect() that clears WCE flushes what was cached before it ends, once", () => {
  using scene = new Scene();
  exchangeGood(scene.peer, write10(0, 2), TWO);
  assert.equal(scene.store.unflushed, 1);
  setWriteCache(scene.peer, false);
  assert.equal(scene.store.unflushed, 0);
  assert.deepEqual(scene.store.calls, ["WRITE", "SYNC"]);
  setWriteCache(scene.peer, true);
  assert.equal(exchange(scene.peer, testUnitReady()).status, 0);
  assert.deepEqual(scene.store.calls, ["WRITE", "SYNC"]);
});
