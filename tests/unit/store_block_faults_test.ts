/** Faults of block devices, past the page cache (vdisk_blockio): what the initiator hears, and what is left. */
import assert from "node:assert/strict";
import { Errno, type ErrnoName } from "../../ffi/errno.ts";
import { parseFaults } from "../../lib/config/fault_rule.ts";
import { PORTABLE } from "../../ffi/platform.ts";
import type { DeviceModel } from "../../lib/scst/model.ts";
import { IoOperation } from "../../lib/store/io_request.ts";
import { deviceModel, DeviceRig, resultOf } from "../harness/device_rig.ts";
import { exchangeGood, exchangeSense, type Transfer } from "../harness/exchange.ts";
import { FakeLimit } from "../harness/fake_limit.ts";
import { FaultyPool } from "../harness/faulty_pool.ts";
import { LoopDevice, missingLoop } from "../harness/loop_device.ts";
import { BLOCK, type Peer } from "../harness/rig.ts";
import { assertSameBytes } from "../harness/same_bytes.ts";
import { patternBytes } from "../initiator/bytes.ts";
import {
  read10,
  synchronizeCache10,
  testUnitReady,
  unmap,
  unmapList,
  write10,
  writeSame10,
} from "../initiator/cdb.ts";

const SIZE = 2 ** 20;
const FUA = 0x08;
const FAILED = "04/3E/01";

const noLoop = missingLoop();

function loopTest(name: string, fn: () => void): void {
  const why = noLoop === undefined ? "" : ` [${noLoop}]`;
  Deno.test({ name: `${name}${why}`, ignore: noLoop !== undefined, fn });
}

/** A device over a loop device with sectors of 4096 bytes, in blocks of 512. */
class Scene implements Disposable {
  readonly pool = new FaultyPool();
  readonly rig = new DeviceRig(this.pool);
  readonly loop = new LoopDevice(SIZE, 4096, "/dev/shm");
  readonly content = patternBytes(SIZE, 1);
  readonly model: DeviceModel;
  readonly peer: Peer;

  constructor(values: Partial<DeviceModel> = {}) {
    Deno.writeFileSync(this.loop.path, this.content);
    this.model = deviceModel("a", {
      handler: "vdisk_blockio",
      filename: this.loop.path,
      thinProvisioned: true,
      ...values,
    });
    assert.equal(resultOf((done) => this.rig.devices.add(this.model, done)).error, undefined);
    this.rig.set("0=a");
    this.peer = this.rig.login(1);
  }

  /** Closes the device and opens it again. */
  reopen(): void {
    for (const active of [false, true]) {
      const model = { ...this.model, active };
      const changed = resultOf((done) => this.rig.devices.get("a").change(model, done));
      assert.equal(changed.error, undefined);
    }
    exchangeSense(this.peer, testUnitReady(), "06/28/00");
  }

  /** Asserts that the device holds what is expected, whoever looks. */
  check(): void {
    assertSameBytes(Deno.readFileSync(this.loop.path), this.content);
  }

  [Symbol.dispose](): void {
    if (this.rig.devices.all.length > 0) {
      this.rig.set("");
      assert.equal(resultOf((done) => this.rig.devices.remove("a", done)).state, "done");
    }
    this.rig[Symbol.dispose]();
    this.pool[Symbol.dispose]();
    this.loop[Symbol.dispose]();
  }
}

const DATA = { write: patternBytes(BLOCK, 9) };
const LIST = unmapList([{ lba: 64, blocks: 64 }]);

/** Ways to the store, each with the operation that it is there. */
const WAYS: readonly [operation: number, cdb: Uint8Array, transfer: Transfer][] = [
  [IoOperation.READ, read10(3, 1), { read: BLOCK }],
  [IoOperation.WRITE, write10(3, 1), DATA],
  [IoOperation.FILL, writeSame10(3, 9), DATA],
  [IoOperation.ZERO, writeSame10(3, 9), { write: new Uint8Array(BLOCK) }],
  [IoOperation.PUNCH, unmap(LIST.length), { write: LIST }],
];

/** What an initiator hears of a read, and of everything else. */
const SENSES: readonly [errno: ErrnoName, read: string, write: string][] = [
  ["EIO", "03/11/00", "03/0C/00"],
  ["ENODATA", "03/11/00", "03/0C/00"],
  ["ESHORT", "03/11/00", "03/0C/00"],
  ["ENOSPC", "04/44/00", "07/27/07"],
  ["EDQUOT", "04/44/00", "07/27/07"],
  ["EROFS", "04/44/00", "07/27/00"],
  ["ENODEV", "04/08/00", "04/08/00"],
  ["ENXIO", "04/08/00", "04/08/00"],
  ["ENOLINK", "04/08/00", "04/08/00"],
  ["ETIMEDOUT", "04/3E/02", "04/3E/02"],
  ["ENOMEM", "0B/44/00", "0B/44/00"],
];

loopTest(
  "each error of a block device has its sense, in whatever way it comes, and nothing is changed",
  () => {
    using scene = new Scene();
    const { peer, pool } = scene;
    for (const [operation, cdb, transfer] of WAYS) {
      for (const [errno, read, write] of SENSES) {
        pool.failures.set(operation, Errno[errno]);
        const sense = operation === IoOperation.READ ? read : write;
        exchangeSense(peer, cdb, sense, transfer, `${errno} of operation ${operation}`);
        pool.failures.clear();
      }
    }
    scene.check();
    exchangeGood(peer, write10(3, 1), DATA);
    scene.content.set(DATA.write, 3 * BLOCK);
    scene.check();
    assert.equal(scene.rig.devices.viewOf("a").failure, undefined);
  },
);

loopTest(
  "a block device whose flush or write through fails has failed until it is opened again",
  () => {
    using scene = new Scene();
    const { peer, pool } = scene;
    for (const [errno, , sense] of SENSES) {
      const isRefusal = ["ENOSPC", "EDQUOT", "EROFS"].includes(errno);
      pool.failures.set(IoOperation.WRITE_DURABLE, Errno[errno]);
      exchangeSense(peer, write10(3, 1, FUA), sense, DATA, errno);
      pool.failures.clear();
      if (isRefusal) exchangeGood(peer, synchronizeCache10(0, 0));
      else {
        exchangeSense(peer, synchronizeCache10(0, 0), FAILED);
        exchangeGood(peer, read10(3, 1), { read: BLOCK });
        scene.reopen();
      }
      exchangeGood(peer, write10(3, 1), DATA);
      pool.failures.set(IoOperation.SYNC, Errno[errno]);
      exchangeSense(peer, synchronizeCache10(0, 0), sense);
      pool.failures.clear();
      const deferred = exchangeSense(peer, testUnitReady(), sense);
      assert.equal(deferred.deferred, true);
      for (const flags of [0, FUA]) exchangeSense(peer, write10(3, 1, flags), FAILED, DATA);
      exchangeSense(peer, read10(3, 1), FAILED, { read: BLOCK });
      scene.reopen();
    }
    scene.content.set(DATA.write, 3 * BLOCK);
    scene.check();
  },
);

loopTest("a short transfer of a part of a sector writes its first bytes, and is an error", () => {
  using scene = new Scene({ faults: parseFaults("read,write short=700")! });
  const { peer, content } = scene;
  const write = patternBytes(2 * BLOCK, 9);
  for (const [lba, flags] of [[3, 0], [21, FUA]] as const) {
    exchangeSense(peer, write10(lba, 2, flags), "03/0C/00", { write });
    content.set(write.subarray(0, 700), lba * BLOCK);
    scene.check();
    if (flags === FUA) exchangeSense(peer, write10(lba, 2), FAILED, { write });
    exchangeSense(peer, read10(lba, 2), "03/11/00", { read: 2 * BLOCK });
  }
  const { counts } = scene.rig.devices.deviceOf("a").disk.errors;
  assert.equal(counts.short, 4);
});

loopTest(
  "a block device that has nothing but discards is told what is unmapped, and its faults are told",
  () => {
    if (PORTABLE) return; // there is no call for it
    using scene = new Scene();
    const { peer, pool, content } = scene;
    {
      using _limit = new FakeLimit(scene.loop, "write_zeroes_max_bytes", 0);
      scene.reopen();
    }
    assert.equal(scene.rig.devices.deviceOf("a").disk.store.forgets, true);
    const list = unmapList([{ lba: 67, blocks: 64 }]);
    pool.submitted.length = 0;
    exchangeGood(peer, unmap(list.length), { write: list });
    assert.deepEqual(pool.submitted, [IoOperation.DISCARD]);
    content.fill(0, 72 * BLOCK, 128 * BLOCK); // a loop device makes holes of whole sectors
    scene.check();
    for (const [errno, , sense] of SENSES) {
      pool.failures.set(IoOperation.DISCARD, Errno[errno]);
      exchangeSense(peer, unmap(LIST.length), sense, { write: LIST }, errno);
    }
    pool.failures.clear();
    scene.check();
    assert.equal(scene.rig.devices.viewOf("a").failure, undefined);
  },
);
