/** What becomes of the file of a device while it is served: the log says it, and nothing is lost unnoticed. */
import assert from "node:assert/strict";
import type { DeviceModel } from "../../lib/scst/model.ts";
import { deviceModel, DeviceRig, resultOf } from "../harness/device_rig.ts";
import { exchangeGood, exchangeSense } from "../harness/exchange.ts";
import { markedBlocks } from "../harness/marked_block.ts";
import { BLOCK, type Peer } from "../harness/rig.ts";
import { read10, synchronizeCache10, write10 } from "../initiator/cdb.ts";

const SIZE = 2 ** 20;

/** A served file in a directory of its own, and somebody who uses it. */
class Scene implements Disposable {
  readonly rig = new DeviceRig();
  readonly dir = Deno.makeTempDirSync({ dir: "/dev/shm", prefix: "scst_place_" });
  readonly path = `${this.dir}/a.img`;
  readonly model: DeviceModel;
  readonly peer: Peer;
  #seen = 0;

  constructor(values: Partial<DeviceModel> = {}) {
    this.file("a.img");
    this.model = deviceModel("a", { filename: this.path, ...values });
    assert.equal(resultOf((done) => this.rig.devices.add(this.model, done)).state, "done");
    this.rig.set("0=a");
    this.peer = this.rig.login(1);
    this.news();
  }

  file(name: string): void {
    Deno.writeFileSync(`${this.dir}/${name}`, new Uint8Array(SIZE));
  }

  change(values: Partial<DeviceModel>): void {
    const model = { ...this.model, ...values };
    assert.equal(resultOf((done) => this.rig.devices.get("a").change(model, done)).state, "done");
  }

  /** What is new in the log after some seconds. */
  news(): string[] {
    for (let tick = 0; tick < 3; tick++) this.rig.devices.tick();
    const news = this.rig.log.slice(this.#seen).map((line) => line.replaceAll(this.dir, "DIR"));
    this.#seen = this.rig.log.length;
    return news;
  }

  write(): void {
    exchangeGood(this.peer, write10(0, 1), { write: markedBlocks(1, 0, 1) });
  }

  [Symbol.dispose](): void {
    this.rig[Symbol.dispose]();
    Deno.removeSync(this.dir, { recursive: true });
  }
}

const FILE = "the file of device 'a', DIR/a.img,";

Deno.test("a file that is moved or replaced is served still, and the log says so, once", () => {
  using scene = new Scene();
  const { path, dir } = scene;
  assert.deepEqual(scene.news(), []);
  Deno.renameSync(path, `${dir}/b.img`);
  assert.deepEqual(scene.news(), [
    `error ${FILE} is not there any more: it is served still, until the device is closed`,
  ]);
  scene.file("a.img");
  assert.deepEqual(scene.news(), [
    `error ${FILE} is not the one that is there now: ` +
    "what was opened is served still, until the device is closed",
  ]);
  scene.write();
  assert.deepEqual(Deno.readFileSync(`${dir}/b.img`).subarray(0, BLOCK), markedBlocks(1, 0, 1));
  Deno.renameSync(`${dir}/b.img`, path);
  assert.deepEqual(scene.news(), [`info ${FILE} is there again`]);
  // Through a link that leads elsewhere it is another file as well.
  Deno.renameSync(path, `${dir}/b.img`);
  Deno.symlinkSync("b.img", path);
  assert.deepEqual(scene.news(), []);
  Deno.removeSync(path);
  scene.file("c.img");
  Deno.symlinkSync("c.img", path);
  assert.match(scene.news().join(), /is not the one that is there now/);
});

Deno.test("a path where nothing can be told is told of once, and is no error of the store", () => {
  using scene = new Scene();
  const { path, dir } = scene;
  Deno.renameSync(path, `${dir}/b.img`);
  Deno.symlinkSync("a.img", path); // leads to itself, which keeps root from looking as well
  assert.deepEqual(scene.news(), [
    `warning Cannot tell whether ${FILE} is there still: too many levels of symbolic links (ELOOP)`,
  ]);
  assert.deepEqual(scene.news(), []);
  Deno.removeSync(path);
  Deno.renameSync(`${dir}/b.img`, path);
  assert.deepEqual(scene.news(), [`info ${FILE} is there still`]);
  const { errors } = scene.rig.devices.views.get("a")!.health;
  assert.deepEqual(Object.values(errors).filter((count) => count > 0), []);
  scene.write();
});

Deno.test("nothing is written to a file that was deleted until another one is opened", () => {
  for (const replaced of [false, true]) {
    using scene = new Scene();
    const { path, peer } = scene;
    scene.write();
    Deno.removeSync(path);
    if (replaced) scene.file("a.img");
    assert.deepEqual(scene.news(), [
      `error ${FILE} was deleted: all that it holds is lost when the device is closed`,
      "error device 'a' has lost its file; writes are refused until it is opened again",
    ]);
    exchangeSense(peer, write10(1, 1), "04/3E/01", { write: markedBlocks(1, 1, 1) });
    exchangeSense(peer, synchronizeCache10(0, 0), "04/3E/01");
    const kept = exchangeGood(peer, read10(0, 1), { read: BLOCK });
    assert.deepEqual(kept, markedBlocks(1, 0, 1), "what it holds can still be fetched");
    if (!replaced) scene.file("a.img");
    scene.change({ active: false });
    scene.change({ active: true });
    exchangeSense(peer, read10(0, 1), "06/28/00", { read: BLOCK });
    scene.write();
    assert.deepEqual(Deno.readFileSync(path).subarray(0, BLOCK), markedBlocks(1, 0, 1));
    assert.deepEqual(scene.news().filter((line) => line.startsWith("error the file")), []);
  }
});

Deno.test("a file that is only read is looked after as well, and a drive's; a closed one is not", () => {
  for (const values of [{ readOnly: true }, { handler: "vcdrom", readOnly: true } as const]) {
    using scene = new Scene({ ...values, blocksize: 2048 });
    Deno.removeSync(scene.path);
    assert.deepEqual(scene.news(), [
      `error ${FILE} was deleted: all that it holds is lost when the device is closed`,
    ]);
  }
  using scene = new Scene();
  scene.change({ active: false });
  Deno.removeSync(scene.path);
  assert.deepEqual(scene.news().filter((line) => line.startsWith("error")), []);
});
