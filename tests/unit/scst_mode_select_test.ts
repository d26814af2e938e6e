/** MODE SELECT (SPC-5 6.11, 6.12) and what the mode parameters do. */
import assert from "node:assert/strict";
import { Errno } from "../../ffi/errno.ts";
import { IoOperation } from "../../lib/store/io_request.ts";
import { StoreError } from "../../lib/store/store.ts";
import {
  exchange,
  exchangeGood,
  exchangeManagement,
  exchangeSense,
  type Transfer,
} from "../harness/exchange.ts";
import { hexBytes, toHex } from "../harness/hex.ts";
import {
  CACHING,
  changedPage,
  CONTROL,
  D_SENSE,
  modeList,
  modePage,
  selectPages,
  setDescriptorSense,
  setSoftwareProtection,
  setWriteCache,
  SWP,
  WCE,
} from "../harness/modes.ts";
import { type Peer, Rig, type RigOptions } from "../harness/rig.ts";
import { patternBytes } from "../initiator/bytes.ts";
import {
  inquiry,
  modeSelect10,
  modeSelect6,
  modeSense6,
  read10,
  requestSense,
  synchronizeCache10,
  testUnitReady,
  unmap,
  unmapList,
  write10,
  writeSame10,
} from "../initiator/cdb.ts";

const LOGICAL_UNIT_RESET = 5;
const FUA = 0x08;
const SAVED = 3;
const DEFAULT = 2;

const block = patternBytes(512, 1);
const hasCache = (peer: Peer, control = 0) => (modePage(peer, CACHING, control)[2]! & WCE) !== 0;

/** Runs `test` with two rigs, one after the other, on one state directory. */
function withState(test: (open: (options?: RigOptions) => Rig, dir: string) => void): void {
  const stateDir = Deno.makeTempDirSync();
  try {
    test((options = {}) => new Rig({ ...options, stateDir }), stateDir);
  } finally {
    Deno.removeSync(stateDir, { recursive: true });
  }
}

Deno.test("modeSelect() changes what can be changed, for everybody, and tells the others", () => {
  using rig = new Rig();
  const [one, other] = [rig.login(1), rig.login(2)];
  selectPages(one, [changedPage(one, CACHING, 2, 0, WCE), changedPage(one, CONTROL, 4, SWP)]);
  assert.equal(exchange(one, testUnitReady()).status, 0);
  exchangeSense(other, testUnitReady(), "06/2A/01");
  exchangeGood(other, testUnitReady());
  for (const peer of [one, other]) {
    assert.equal(hasCache(peer), false);
    assert.equal(hasCache(peer, DEFAULT), true);
    assert.equal(modePage(peer, CONTROL)[4], SWP);
  }
  selectPages(one, [modePage(one, CONTROL)]);
  assert.equal(exchange(other, testUnitReady()).status, 0, "nothing was changed");
});

Deno.test("modeSelect() takes headers and block descriptors of both lengths, and no list at all", () => {
  using rig = new Rig();
  const peer = rig.login(1);
  const pages = toHex(changedPage(peer, CACHING, 2, 0, WCE));
  const lists: [cdb: typeof modeSelect6, header: string][] = [
    [modeSelect6, "00 00 00 00"],
    [modeSelect6, "00 00 90 08 00000800 00000200"],
    [modeSelect6, "00 00 10 08 00000000 00000200"],
    [modeSelect6, "00 00 10 08 ffffffff 00000200"],
    [modeSelect10, "0000 00 00 00 00 0000"],
    [modeSelect10, "0000 00 10 00 00 0008 00000800 00000200"],
    [modeSelect10, "0000 00 10 01 00 0010 0000000000000800 00000000 00000200"],
    [modeSelect10, "0000 00 10 01 00 0010 ffffffffffffffff 00000000 00000200"],
  ];
  for (const [cdb, header] of lists) {
    setWriteCache(peer, true);
    const write = hexBytes(header + pages);
    exchangeGood(peer, cdb(write.length), { write }, header);
    assert.equal(hasCache(peer), false, header);
  }
  for (const cdb of [modeSelect6, modeSelect10]) exchangeGood(peer, cdb(0));
});

/** A MODE SELECT(6) of `list` that fails at this byte of it. */
function refusedAt(peer: Peer, list: Uint8Array<ArrayBuffer>, byte: number, bit = 7): void {
  const sense = exchangeSense(peer, modeSelect6(list.length), "05/26/00", { write: list });
  assert.deepEqual(sense.fieldPointer, { inCdb: false, byte, bit });
}

Deno.test("modeSelect() refuses every bit that cannot be changed, and then changes nothing", () => {
  using rig = new Rig();
  const peer = rig.login(1);
  const first = changedPage(peer, CACHING, 2, 0, WCE);
  let tried = 0;
  for (const code of [0x01, 0x02, 0x03, 0x04, 0x08, 0x0a, 0x1c]) {
    const changeable = modePage(peer, code, 1);
    for (let byte = 2; byte < changeable.length; byte++) {
      for (let bit = 7; bit >= 0; bit--) {
        if ((changeable[byte]! >> bit & 1) === 1) continue;
        const page = modePage(peer, code);
        page[byte]! ^= 1 << bit;
        refusedAt(peer, modeList(first, page), 4 + first.length + byte, bit);
        tried++;
      }
    }
  }
  assert(tried > 700);
  assert.equal(hasCache(peer), true);
});

Deno.test("modeSelect() refuses pages and blocks that are not there, and cut lists", () => {
  using rig = new Rig();
  const peer = rig.login(1);
  refusedAt(peer, modeList(hexBytes("2a 02 0000")), 4, 5);
  refusedAt(peer, modeList(hexBytes("4a 01 0000")), 4, 6);
  refusedAt(peer, modeList(hexBytes("08 0a 04000000000000000000")), 5);
  refusedAt(peer, hexBytes("00 00 00 07 00000000 000200"), 3);
  refusedAt(peer, hexBytes("00 00 00 08 00000801 00000200"), 4);
  refusedAt(peer, hexBytes("00 00 00 08 00000800 00001000"), 10);
  const list = modeList(changedPage(peer, CACHING, 2, 0, WCE), changedPage(peer, CONTROL, 4, SWP));
  const whole = new Set([4, 4 + 20, list.length]);
  for (let length = 1; length < list.length; length++) {
    const write = list.slice(0, length);
    if (whole.has(length)) continue;
    exchangeSense(peer, modeSelect6(length), "05/1A/00", { write }, `${length} bytes`);
    exchangeSense(peer, modeSelect6(list.length), "05/1A/00", { write }, `${length} bytes came`);
  }
  assert.equal(hasCache(peer), true);
  const { fieldPointer } = exchangeSense(peer, modeSelect6(list.length, 0), "05/24/00", {
    write: list,
  });
  assert.deepEqual(fieldPointer, { inCdb: true, byte: 1, bit: 4 }, "PF");
});

Deno.test("a reset goes back to what was saved, and so does the next start", () => {
  withState((open) => {
    {
      using rig = open();
      const peer = rig.login(1);
      setWriteCache(peer, false, true);
      setSoftwareProtection(peer, true);
      assert.equal(modePage(peer, CONTROL, SAVED)[4], 0);
      assert.equal(hasCache(peer, SAVED), false);
      assert.equal(exchangeManagement(peer, LOGICAL_UNIT_RESET), 0);
      exchangeSense(peer, testUnitReady(), "06/29/03");
      assert.equal(modePage(peer, CONTROL)[4], 0);
      assert.equal(hasCache(peer), false);
      setDescriptorSense(peer, true, true);
    }
    using rig = open();
    const peer = rig.login(1);
    assert.equal(hasCache(peer), false);
    assert.equal(modePage(peer, CONTROL)[2]! & D_SENSE, D_SENSE);
    assert.equal(hasCache(peer, DEFAULT), true);
  });
});

Deno.test("Modes saves in words of SCST, and leaves out what it does not know", () => {
  withState((open, dir) => {
    const path = `${dir}/vdev_mode_pages/rig`;
    {
      using rig = open();
      setWriteCache(rig.login(1), false, true);
      const [, ...lines] = Deno.readTextFileSync(path).trimEnd().split("\n");
      const others = ["TMF_ONLY=0", "D_SENSE=0", "QERR=0", "SWP=0", "TAS=0"];
      assert.deepEqual(lines, ["WRITE_THROUGH=1", ...others]);
    }
    {
      using rig = open({ nvCache: true });
      assert.equal(hasCache(rig.login(1), SAVED), false);
    }
    Deno.writeTextFileSync(path, "scst-state 1 0\nSWP=1\n");
    assert.throws(() => open(), (error: Error) => {
      assert(error instanceof StoreError);
      assert.match(error.message, /vdev_mode_pages\/rig: it is damaged$/);
      return true;
    });
  });
});

Deno.test("modeSelect() that cannot save says so, and keeps the current values", () => {
  withState((open, dir) => {
    using rig = new Rig({ stateDir: `${dir}/nowhere` });
    const peer = rig.login(1);
    const write = modeList(changedPage(peer, CACHING, 2, 0, WCE));
    exchangeSense(peer, modeSelect6(write.length, 0x11), "04/44/00", { write });
    assert.equal(hasCache(peer), false);
    assert.equal(hasCache(peer, SAVED), true);
    assert.match(rig.log.join("\n"), /^error Cannot save .*vdev_mode_pages\/rig: /m);
    Deno.writeTextFileSync(`${dir}/vdev_mode_pages`, "a file where a directory should be");
    assert.throws(() => open(), StoreError);
  });
});

Deno.test("without WCE everything that changes the medium is on stable storage before GOOD", () => {
  const list = unmapList([{ lba: 8, blocks: 8 }]);
  const write = { write: block };
  const commands: [cdb: Uint8Array, transfer: Transfer][] = [
    [write10(0, 1), write],
    [hexBytes("2e 00 00000000 00 0001 00 000000000000"), write],
    [writeSame10(0, 1), write],
    [writeSame10(0, 1), { write: new Uint8Array(512) }],
    [unmap(list.length), { write: list }],
  ];
  /** The statuses when neither durable writes nor flushes succeed. */
  const statuses = (caches: readonly boolean[], ...operations: number[]) =>
    commands.map(([cdb, transfer]) => {
      using rig = new Rig();
      const peer = rig.login(1);
      for (const cache of caches) setWriteCache(peer, cache);
      for (const operation of operations) rig.store.failures.set(operation, Errno.EIO);
      return exchange(peer, cdb, transfer).status;
    });
  const { WRITE_DURABLE, SYNC } = IoOperation;
  const VERIFIED = [0, 2, 0, 0, 0]; // WRITE AND VERIFY goes to the medium in any case
  assert.deepEqual(statuses([], WRITE_DURABLE, SYNC), VERIFIED);
  assert.deepEqual(statuses([false], WRITE_DURABLE, SYNC), [2, 2, 2, 2, 2]);
  assert.deepEqual(statuses([false]), [0, 0, 0, 0, 0]);
  assert.deepEqual(statuses([false, true], WRITE_DURABLE, SYNC), VERIFIED);
});

Deno.test("write_through is WCE as it is at first; nv_cache has nothing to flush", () => {
  const outcome = (options: RigOptions, operation: number, cdb: Uint8Array) => {
    using rig = new Rig(options);
    const peer = rig.login(1);
    rig.store.failures.set(operation, Errno.EIO);
    return exchange(peer, cdb, cdb[0] === 0x35 ? {} : { write: block }).status;
  };
  const { WRITE_DURABLE, SYNC } = IoOperation;
  const sync = synchronizeCache10(0, 0);
  assert.equal(outcome({ writeThrough: true }, WRITE_DURABLE, write10(0, 1)), 2);
  assert.equal(outcome({}, WRITE_DURABLE, write10(0, 1)), 0);
  assert.equal(outcome({}, WRITE_DURABLE, write10(0, 1, FUA)), 2);
  assert.equal(outcome({ nvCache: true }, WRITE_DURABLE, write10(0, 1, FUA)), 0);
  const verified = Uint8Array.from(write10(0, 1)).fill(0x2e, 0, 1);
  assert.equal(outcome({}, WRITE_DURABLE, verified), 2);
  assert.equal(outcome({ nvCache: true }, WRITE_DURABLE, verified), 0);
  assert.equal(outcome({}, SYNC, sync), 2);
  assert.equal(outcome({ nvCache: true }, SYNC, sync), 0);
  for (
    const [options, cache, mask, volatile] of [
      [{}, true, WCE, 1],
      [{ writeThrough: true }, false, WCE, 1],
      [{ nvCache: true }, false, 0, 0],
      [{ readOnly: true }, true, 0, 1],
    ] as const
  ) {
    using rig = new Rig(options);
    const peer = rig.login(1);
    const what = JSON.stringify(options);
    for (const control of [0, DEFAULT, SAVED]) assert.equal(hasCache(peer, control), cache, what);
    assert.equal(modePage(peer, CACHING, 1)[2], mask, what);
    assert.equal(exchangeGood(peer, inquiry(64, 0x86), { read: 64 })[6], volatile, what);
  }
});

Deno.test("modeSelect() flushes before there is no write cache, and before SWP", () => {
  using rig = new Rig();
  const peer = rig.login(1);
  rig.store.failures.set(IoOperation.SYNC, Errno.EIO);
  const off = modeList(changedPage(peer, CACHING, 2, 0, WCE));
  exchangeSense(peer, modeSelect6(off.length), "03/0C/00", { write: off });
  assert.match(rig.log.join("\n"), /failed to flush/);
  const protect = modeList(changedPage(peer, CONTROL, 4, SWP));
  exchangeSense(peer, modeSelect6(protect.length), "03/0C/00", { write: protect });
  rig.store.failures.clear();
});

Deno.test("SWP protects from everybody until it is cleared", () => {
  using rig = new Rig();
  const [one, other] = [rig.login(1), rig.login(2)];
  const before = Deno.readFileSync(rig.path);
  setSoftwareProtection(one, true);
  exchangeSense(other, testUnitReady(), "06/2A/01");
  for (const peer of [one, other]) {
    exchangeSense(peer, write10(0, 1), "07/27/02", { write: block });
    exchangeGood(peer, read10(0, 1), { read: 512 });
    assert.equal(exchangeGood(peer, modeSense6(CONTROL, 255), { read: 255 })[2], 0x90, "WP");
  }
  assert.deepEqual(Deno.readFileSync(rig.path), before);
  setSoftwareProtection(other, false);
  exchangeGood(other, write10(0, 1), { write: block });
  assert.deepEqual(Deno.readFileSync(rig.path).subarray(0, 512), block);
});

Deno.test("D_SENSE chooses the format of sense data with a status; REQUEST SENSE has its own bit", () => {
  using rig = new Rig();
  const peer = rig.login(1);
  const beyond = read10(0xfffffff0, 1);
  const senseOf = () => exchangeSense(peer, beyond, "05/21/00", { read: 512 });
  assert.equal(senseOf().format, "fixed");
  setDescriptorSense(peer, true);
  assert.equal(senseOf().format, "descriptor");
  assert.equal(senseOf().information, 0xfffffff0);
  const { fieldPointer } = exchangeSense(peer, inquiry(64, 0x77), "05/24/00", { read: 64 });
  assert.deepEqual(fieldPointer, { inCdb: true, byte: 2, bit: 7 });
  assert.equal(exchangeGood(peer, requestSense(64, false), { read: 64 })[0], 0x70);
  assert.equal(exchangeGood(peer, requestSense(64, true), { read: 64 })[0], 0x72);
  setDescriptorSense(peer, false);
  assert.equal(senseOf().format, "fixed");
});

Deno.test("modeSelect() that is aborted while the store flushes ends without a status", () => {
  using rig = new Rig();
  const peer = rig.login(1);
  const write = modeList(changedPage(peer, CACHING, 2, 0, WCE));
  rig.store.hanging = true;
  const command = peer.command({
    cdb: modeSelect6(write.length),
    flags: 0xa1,
    expectedLength: write.length,
    data: write,
  });
  assert.equal(peer.send(command).length, 0);
  assert.equal(exchangeManagement(peer, 2), 0); // ABORT TASK SET
  rig.store.hanging = false;
  rig.store.release();
  assert.equal(peer.take().length, 0);
  assert.equal(hasCache(peer), false);
  peer.connection.close();
  assert.equal(rig.node.memory.lent, 0);
});
