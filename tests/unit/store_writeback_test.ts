/** What the system could not write back by itself: learnt of without a flush, and kept from nobody else. */
import assert from "node:assert/strict";
import { Errno } from "../../ffi/errno.ts";
import { Memory } from "../../ffi/memory.ts";
import { PORTABLE } from "../../ffi/platform.ts";
import type { DeviceModel } from "../../lib/scst/model.ts";
import { FaultyStore } from "../../lib/store/faulty.ts";
import { openFileStore } from "../../lib/store/file.ts";
import { IoOperation, IoRequest } from "../../lib/store/io_request.ts";
import { deviceModel, DeviceRig, resultOf } from "../harness/device_rig.ts";
import { exchangeGood, exchangeSense } from "../harness/exchange.ts";
import { markedBlocks } from "../harness/marked_block.ts";
import { LoopDevice, missingLoop } from "../harness/loop_device.ts";
import { Place } from "../harness/place.ts";
import { BLOCK, type Peer } from "../harness/rig.ts";
import { SmallTmpfs } from "../harness/small_tmpfs.ts";
import { read10, synchronizeCache10, testUnitReady, write10 } from "../initiator/cdb.ts";

const SIZE = 2 ** 20;

const probe = SmallTmpfs.mount(SIZE);
const noTmpfs = typeof probe === "string" ? probe : undefined;
if (typeof probe !== "string") probe[Symbol.dispose]();
const absent = missingLoop() ?? noTmpfs ?? (PORTABLE ? "only Linux tells" : undefined);

Deno.test({
  name: `a store tells what was not written back, once, and its flush tells it as well${
    absent === undefined ? "" : ` [${absent}]`
  }`,
  ignore: absent !== undefined,
  fn: () => {
    using mounted = SmallTmpfs.mount(SIZE) as SmallTmpfs;
    using device = new LoopDevice(4 * SIZE, 512, mounted.path); // more than there is room for
    using place = new Place();
    const options = { filename: device.path, blocksize: BLOCK, size: undefined, readOnly: false };
    const store = openFileStore(options, place.pool);
    using _closed = { [Symbol.dispose]: () => store.close() };
    using other = Deno.openSync(device.path, { read: true, write: true });
    const request = new IoRequest();
    request.memory = new Memory(2 * SIZE);
    request.memory.bytes.fill(1);
    const perform = (operation: number, length = 0) => {
      request.iov.clear();
      request.iov.push(request.memory!.address, length);
      Object.assign(request, { operation, offset: 0, length });
      store.submit(request);
      return request.result;
    };
    assert.equal(perform(IoOperation.WRITEBACK), 0);
    assert.equal(perform(IoOperation.WRITE, 2 * SIZE), 0, "it is in the page cache");
    // Somebody has it written back, and hears of that: so do all others.
    assert.throws(() => other.syncSync());
    const result = perform(IoOperation.WRITEBACK);
    assert([-Errno.EIO, -Errno.ENOSPC].includes(result), String(result));
    assert.equal(perform(IoOperation.WRITEBACK), 0);
    assert.equal(perform(IoOperation.SYNC), result);
  },
});

/** A device over a file whose store fails at what it is told to, and somebody who uses it. */
class Scene implements Disposable {
  readonly rig = new DeviceRig();
  readonly peer: Peer;
  readonly model: DeviceModel;
  store!: FaultyStore;
  #seen = 0;

  constructor(values: Partial<DeviceModel> = {}) {
    this.model = deviceModel("a", { filename: this.rig.file(SIZE), ...values });
    assert.equal(resultOf((done) => this.rig.devices.add(this.model, done)).state, "done");
    this.rig.set("0=a");
    this.peer = this.rig.login(1);
    this.wrap();
    this.news();
  }

  wrap(): void {
    const { medium } = this.rig.devices.deviceOf("a").disk;
    medium.wrap((store) => this.store = new FaultyStore(store));
  }

  write(flags = 0): void {
    exchangeGood(this.peer, write10(0, 1, flags), { write: markedBlocks(1, 0, 1) });
  }

  /** What is new in the log after a second. */
  news(): string[] {
    this.rig.devices.tick();
    const news = this.rig.log.slice(this.#seen);
    this.#seen = this.rig.log.length;
    return news;
  }

  [Symbol.dispose](): void {
    this.rig[Symbol.dispose]();
  }
}

const LOST = [
  "error device 'a': WRITEBACK failed: input/output error (EIO)",
  "error device 'a' failed to flush: input/output error (EIO); " +
  "writes that have ended may be lost: reads and writes are refused until it is opened again",
];

Deno.test("a device whose writes could not be written back fails unasked, and tells its initiators", () => {
  for (const nvCache of [false, true]) {
    using scene = new Scene({ nvCache });
    const { peer, store, rig } = scene;
    scene.write();
    assert.deepEqual(scene.news(), []);
    store.failures.set(IoOperation.WRITEBACK, Errno.EIO);
    assert.deepEqual(scene.news(), LOST);
    const deferred = exchangeSense(peer, testUnitReady(), "03/0C/00");
    assert.equal(deferred.deferred, true);
    exchangeSense(peer, read10(0, 1), "04/3E/01", { read: BLOCK });
    exchangeSense(peer, synchronizeCache10(0, 0), "04/3E/01");
    assert.deepEqual(scene.news(), []);
    assert.equal(rig.devices.viewOf("a").health.failures, 1);
    for (const active of [false, true]) {
      const model = { ...scene.model, active };
      resultOf((done) => rig.devices.get("a").change(model, done));
    }
    exchangeSense(peer, testUnitReady(), "06/28/00");
    scene.write();
  }
});

Deno.test("a device looks for what was not written back only while there is something to lose", () => {
  using scene = new Scene();
  scene.store.failures.set(IoOperation.WRITEBACK, Errno.EIO);
  assert.deepEqual(scene.news(), []);
  scene.write(0x08); // FUA
  assert.deepEqual(scene.news(), []);
  scene.write();
  exchangeGood(scene.peer, synchronizeCache10(0, 0));
  assert.deepEqual(scene.news(), []);
  scene.store.hanging = true;
  scene.store.failures.clear();
  const { disk } = scene.rig.devices.deviceOf("a");
  disk.flusher.noteWrite();
  for (let tick = 0; tick < 3; tick++) disk.flusher.look();
  assert.deepEqual(scene.store.held.map(({ operation }) => operation), [IoOperation.WRITEBACK]);
  scene.store.hanging = false;
  scene.store.release();
});
