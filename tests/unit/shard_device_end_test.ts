/** The end of a device, or of its store, while the store works: nothing is lost, nothing is closed early. */
import assert from "node:assert/strict";
import { Errno } from "../../ffi/errno.ts";
import type { DeviceModel } from "../../lib/scst/model.ts";
import type { SizeChange } from "../../lib/shard/size_watch.ts";
import { IoOperation } from "../../lib/store/io_request.ts";
import { deviceModel, DeviceRig, openDescriptors, resultOf } from "../harness/device_rig.ts";
import { exchange, exchangeGood, exchangeSense } from "../harness/exchange.ts";
import { markedBlocks } from "../harness/marked_block.ts";
import { BLOCK, type Peer } from "../harness/rig.ts";
import { StuckPool } from "../harness/stuck_pool.ts";
import { openWrite } from "../harness/under_way.ts";
import { read10, synchronizeCache10, testUnitReady, write10 } from "../initiator/cdb.ts";
import { Field, FINAL, type Pdu } from "../initiator/pdu.ts";
import { WRITE } from "../initiator/requests.ts";
import { parseResponseSense, senseText } from "../initiator/sense.ts";

const SIZE = 2 ** 20;
const FUA = 0x08;

class Scene implements Disposable {
  readonly pool = new StuckPool();
  readonly rig = new DeviceRig(this.pool);
  readonly path = this.rig.file(SIZE);
  readonly model: DeviceModel;
  readonly peer: Peer;

  constructor(values: Partial<DeviceModel> = {}) {
    this.model = deviceModel("a", { filename: this.path, ...values });
    resultOf((done) => this.rig.devices.add(this.model, done));
    this.rig.set("0=a");
    this.peer = this.rig.login(1);
  }

  /** A command that is under way when this returns. */
  start(cdb: Uint8Array, data?: Uint8Array): Pdu {
    const flags = FINAL | 1 | (data === undefined ? 0 : WRITE);
    const fields = data === undefined ? {} : { expectedLength: data.length, data };
    const command = this.peer.command({ cdb, flags, ...fields });
    assert.deepEqual(this.peer.send(command), []);
    return command;
  }

  change(values: Partial<DeviceModel>) {
    const model = { ...this.model, ...values };
    return resultOf((done) => this.rig.devices.get("a").change(model, done));
  }

  remove() {
    return resultOf((done) => this.rig.devices.remove("a", done));
  }

  get isOpen(): boolean {
    return openDescriptors(new RegExp(this.path)) > 0;
  }

  /** What the last commands have ended with, as `tag status`. */
  take(): string[] {
    return this.peer.take().map((pdu) => {
      const sense = pdu.data.length > 0 ? ` ${senseText(parseResponseSense(pdu.data))}` : "";
      return `${pdu.itt} ${pdu.u8(Field.status)}${sense}`;
    });
  }

  [Symbol.dispose](): void {
    this.pool.free();
    this.rig[Symbol.dispose]();
    this.pool[Symbol.dispose]();
  }
}

function ends(scene: Scene, how: "inactive" | "removed") {
  if (how === "inactive") return scene.change({ active: false });
  scene.rig.set("");
  scene.peer.take();
  return scene.remove();
}

for (const how of ["inactive", "removed"] as const) {
  Deno.test(`A store that works is closed when it has finished, and flushed: ${how}`, () => {
    using scene = new Scene();
    const { pool, peer } = scene;
    pool.isStuck = true;
    const data = markedBlocks(1, 3, 2);
    const write = scene.start(write10(3, 2, FUA), data);
    const result = ends(scene, how);
    const refused = how === "inactive" ? "02/04/00" : "05/25/00";
    exchangeSense(peer, testUnitReady(), refused);
    assert.deepEqual([result.state, scene.isOpen, pool.held.length], ["pending", true, 1]);
    const again = resultOf((done) => scene.rig.devices.get("a").sync(done));
    assert.equal(again.error, "Device 'a' is being changed");
    pool.let();
    assert.deepEqual(scene.take(), [`${write.itt} 0`]);
    assert.deepEqual(pool.held.map(({ operation }) => operation), [IoOperation.SYNC]);
    assert.deepEqual([result.state, scene.isOpen], ["pending", true], "the flush is to come");
    pool.let();
    assert.deepEqual([result.state, scene.isOpen], ["done", false]);
    assert.deepEqual(Deno.readFileSync(scene.path).subarray(3 * BLOCK, 5 * BLOCK), data);
  });

  Deno.test(`A flush that waits for another one is made before the store is closed: ${how}`, () => {
    using scene = new Scene();
    const { pool } = scene;
    pool.isStuck = true;
    const first = scene.start(synchronizeCache10(0, 0));
    const second = scene.start(synchronizeCache10(0, 0));
    const result = ends(scene, how);
    pool.let();
    assert.deepEqual([scene.take(), scene.isOpen], [[`${first.itt} 0`], true]);
    pool.let(-Errno.EIO);
    const failed = scene.take();
    assert.equal(failed.length, 1);
    assert.match(failed[0]!, new RegExp(`^${second.itt} 2 0[34]/`));
    pool.free();
    assert.deepEqual([result.state, scene.isOpen], ["done", false], "what cannot be saved can go");
    assert.match(scene.rig.log.join("\n"), /error device 'a': Cannot flush it before it is closed/);
  });

  Deno.test(`WRITE ATOMIC finishes with its journal: ${how}`, () => {
    using scene = new Scene();
    const { pool } = scene;
    pool.isStuck = true;
    const cdb = Uint8Array.of(0x9c, 0, 0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0, 2, 0, 0);
    const data = markedBlocks(1, 9, 2);
    const write = scene.start(cdb, data);
    const result = ends(scene, how);
    for (let count = 0; result.state === "pending" && count < 20; count++) {
      assert.equal(scene.isOpen, true);
      pool.let();
    }
    assert.deepEqual(scene.take(), [`${write.itt} 0`]);
    assert.deepEqual([result.state, scene.isOpen], ["done", false]);
    const journals = [...Deno.readDirSync(`${scene.rig.stateDir}/atomic`)];
    assert.deepEqual(journals, []);
    assert.deepEqual(Deno.readFileSync(scene.path).subarray(9 * BLOCK, 11 * BLOCK), data);
  });
}

Deno.test("A write that waits for its data finds that the disk is not active any more", () => {
  using scene = new Scene();
  const write = openWrite(scene.peer, 5, markedBlocks(1, 5, 1));
  assert.equal(scene.change({ active: false }).state, "done");
  const [answer] = write.finish();
  assert.equal(senseText(parseResponseSense(answer!.data)), "02/04/00");
  const again = openWrite.bind(undefined, scene.peer, 5, markedBlocks(2, 5, 1));
  assert.throws(again, "no data is asked for");
  assert.equal(scene.change({}).state, "done");
  exchangeSense(scene.peer, testUnitReady(), "06/28/00");
  const read = exchangeGood(scene.peer, read10(5, 1), { read: BLOCK });
  assert(read.every((byte) => byte === 0));
});

Deno.test("A write that waits for its data does not go beyond a disk that has shrunk meanwhile", () => {
  using scene = new Scene();
  const write = openWrite(scene.peer, SIZE / BLOCK - 1, markedBlocks(1, 5, 1));
  assert.equal(scene.change({ size: SIZE / 2 }).state, "done");
  const answers = write.finish().filter(({ itt }) => itt === write.itt);
  assert.equal(senseText(parseResponseSense(answers[0]!.data)), "06/2A/09");
  assert(Deno.readFileSync(scene.path).every((byte) => byte === 0));
  const grown = openWrite.bind(undefined, scene.peer, 5, markedBlocks(1, 5, 1));
  exchange(scene.peer, testUnitReady());
  const other = grown();
  assert.equal(scene.change({}).state, "done");
  assert.equal(other.finish().at(-1)!.u8(Field.status), 0, "growth disturbs nobody");
});

Deno.test("A medium that is sanitized keeps its store and its size until that is done", () => {
  using scene = new Scene({ thinProvisioned: true });
  const { pool, rig, peer } = scene;
  pool.isStuck = true;
  const list = Uint8Array.of(0x48, 0x82, 0, 0, 0, 0, 0, 0, 0, 0); // BLOCK ERASE, IMMED
  scene.peer.send(peer.command({ cdb: list, flags: FINAL | 1 }));
  assert.equal(rig.devices.deviceOf("a").disk.upkeep.isBusy, true);
  const sentence = "its medium is sanitized or formatted";
  assert.equal(scene.change({ active: false }).error, `Cannot close its store: ${sentence}`);
  assert.equal(
    scene.change({ size: SIZE / 2 }).error,
    "Cannot change size: its medium is made new",
  );
  const resync = resultOf<SizeChange>((done) => rig.devices.get("a").resyncSize(false, done));
  rig.set("");
  assert.equal(scene.remove().error, `Cannot remove it: ${sentence}`);
  pool.let();
  pool.let();
  assert.equal(resync.error, "Cannot change the size of device 'a' while its medium is made new");
  pool.free();
  assert.equal(scene.remove().state, "done");
});

Deno.test("The size that is looked for while the disk is closed is nobody's", () => {
  using scene = new Scene();
  const { pool, rig } = scene;
  pool.isStuck = true;
  rig.devices.tick();
  rig.devices.tick();
  assert.equal(pool.held.length, 2, "a store that is slow is not asked again for size or place");
  Deno.truncateSync(scene.path, 2 * SIZE);
  const resync = resultOf<SizeChange>((done) => rig.devices.get("a").resyncSize(false, done));
  const closed = scene.change({ active: false });
  pool.free();
  assert.deepEqual([closed.state, resync.error], ["done", "Device 'a' was closed meanwhile"]);
});
