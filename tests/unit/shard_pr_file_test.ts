/** `pr_file_name`: the file in which a device keeps its reservations. */
import assert from "node:assert/strict";
import type { DeviceModel } from "../../lib/scst/model.ts";
import { deviceModel, DeviceRig, openDescriptors, resultOf } from "../harness/device_rig.ts";
import { reserveOut } from "../harness/exchange.ts";
import { PrOut } from "../initiator/reservations.ts";

const KEY = 7n;

class Scene implements Disposable {
  readonly rig = new DeviceRig();
  readonly dir = Deno.makeTempDirSync({ dir: "/dev/shm" });
  readonly model: DeviceModel;

  constructor(values: Partial<DeviceModel> = {}) {
    this.model = deviceModel("a", values);
  }

  add(values: Partial<DeviceModel> = {}): string | undefined {
    return resultOf((done) => this.rig.devices.add({ ...this.model, ...values }, done)).error;
  }

  /** Adds another device. */
  addOther(name: string, prFileName?: string): string | undefined {
    const model = deviceModel(name, prFileName === undefined ? {} : { prFileName });
    return resultOf((done) => this.rig.devices.add(model, done)).error;
  }

  remove(name: string): void {
    assert.equal(resultOf((done) => this.rig.devices.remove(name, done)).state, "done");
  }

  change(values: Partial<DeviceModel>): string | undefined {
    const model = { ...this.model, ...values };
    return resultOf((done) => this.rig.devices.get("a").change(model, done)).error;
  }

  /** A file in the directory. */
  file(name: string, size: number): string {
    const path = `${this.dir}/${name}`;
    Deno.writeFileSync(path, new Uint8Array(size));
    return path;
  }

  /** Keys that are registered. */
  get keys(): bigint[] {
    const { state } = this.rig.devices.deviceOf("a").reservations;
    return Array.from(state.registrations.values(), ({ key }) => key);
  }

  /** Somebody registers a key that is to outlive a restart. */
  register(): void {
    this.rig.set("0=a");
    const peer = this.rig.login(1);
    reserveOut(peer, PrOut.REGISTER, { actionKey: KEY, aptpl: true });
    peer.connection.close();
    this.rig.set("");
  }

  [Symbol.dispose](): void {
    this.rig[Symbol.dispose]();
    Deno.removeSync(this.dir, { recursive: true });
  }
}

/** What a device has saved for which somebody has registered KEY. */
const SAVED = savedRegistration();

function savedRegistration(): string {
  using scene = new Scene();
  const path = `${scene.dir}/file`;
  scene.add({ prFileName: path });
  scene.register();
  return Deno.readTextFileSync(path);
}

Deno.test("a device has the reservations of the file that it is given, and keeps them there", () => {
  using scene = new Scene();
  const path = `${scene.dir}/file`;
  scene.add({ prFileName: path });
  scene.register();
  assert.match(Deno.readTextFileSync(path), /^registration 0000000000000007 /m);
  assert.equal(scene.change({}), undefined);
  assert.deepEqual(scene.keys, []);
  assert.equal(scene.change({ prFileName: path }), undefined);
  assert.deepEqual(scene.keys, [KEY]);
  assert.equal(resultOf((done) => scene.rig.devices.remove("a", done)).state, "done");
  scene.add({ prFileName: path });
  assert.deepEqual(scene.keys, [KEY]);
});

Deno.test("pr_file_name is refused where it cannot be used, and nothing changes", () => {
  using scene = new Scene();
  const path = `${scene.dir}/file`;
  scene.add({ prFileName: path });
  scene.register();
  const foreign = `${scene.dir}/disk.img`;
  Deno.writeTextFileSync(foreign, "of somebody else");
  assert.match(
    scene.change({ prFileName: `${scene.dir}/none/file` })!,
    /^Cannot keep state in .*\/none: .*\(ENOENT\)$/,
  );
  assert.match(scene.change({ prFileName: `${foreign}/file` })!, /\(ENOTDIR\)$/);
  assert.match(scene.change({ prFileName: foreign })!, /it is damaged$/);
  assert.equal(Deno.readTextFileSync(foreign), "of somebody else");
  assert.deepEqual(scene.keys, [KEY]);
  scene.rig.set("0=a");
  assert.match(scene.change({})!, /^Cannot change pr_file_name: .* exports it$/);
  scene.rig.set("");
  assert.equal(scene.change({}), undefined);
  assert.equal(resultOf((done) => scene.rig.devices.remove("a", done)).state, "done");
  assert.match(scene.add({ prFileName: `${scene.dir}/none/file` })!, /\(ENOENT\)$/);
});

/** Changes of more than the file of the reservations, of which only the other part is refused. */
const REFUSED: readonly {
  readonly name: string;
  readonly before: (scene: Scene) => Partial<DeviceModel>;
  readonly after: (scene: Scene) => Partial<DeviceModel>;
  readonly why: RegExp;
}[] = [
  {
    name: "size",
    before: (scene) => ({ handler: "vdisk_fileio", filename: scene.file("img", 4096) }),
    after: () => ({ size: 8192 }),
    why: /^Cannot export 8192 bytes of device 'a': it is too small, it has 4096 bytes$/,
  },
  {
    name: "active",
    before: (scene) => ({ handler: "vdisk_fileio", filename: `${scene.dir}/none`, active: false }),
    after: () => ({ active: true }),
    why: /\(ENOENT\)$/,
  },
  {
    name: "medium",
    before: (scene) => ({
      handler: "vcdrom",
      blocksize: 2048,
      readOnly: true,
      filename: scene.file("cd", 2048),
    }),
    after: (scene) => ({ filename: `${scene.dir}/none` }),
    why: /\(ENOENT\)$/,
  },
];

for (const { name, before, after, why } of REFUSED) {
  Deno.test(`a change that is refused for its ${name} leaves the reservations where they are`, () => {
    using scene = new Scene();
    const path = `${scene.dir}/file`;
    Deno.writeTextFileSync(path, SAVED);
    const values = { ...before(scene), prFileName: path };
    assert.equal(scene.add(values), undefined);
    assert.deepEqual(scene.keys, [KEY]);
    const { prFileName: _, ...others } = values;
    assert.match(scene.change({ ...others, ...after(scene) })!, why);
    assert.deepEqual(scene.keys, [KEY]);
    assert.equal(scene.change(values), undefined, "it is as it was");
    assert.deepEqual(scene.keys, [KEY]);
  });
}

Deno.test("a change that is refused for pr_file_name changes nothing else either", () => {
  const wrong = (scene: Scene) => ({ prFileName: `${scene.dir}/none/file` });
  {
    using scene = new Scene();
    const filename = scene.file("img", 8192);
    const values = { handler: "vdisk_fileio", filename, size: 4096 } as const;
    scene.add(values);
    assert.match(scene.change({ ...values, size: 8192, ...wrong(scene) })!, /\(ENOENT\)$/);
    assert.equal(scene.rig.devices.viewOf("a").size, 4096);
    assert.equal(scene.change({ ...values, active: false }), undefined);
    assert.match(scene.change({ ...values, ...wrong(scene) })!, /\(ENOENT\)$/);
    assert.equal(scene.rig.devices.deviceOf("a").disk.isOpen, false);
    assert.equal(openDescriptors(/img$/), 0);
    assert.equal(scene.change(values), undefined);
    assert.match(scene.change({ ...values, active: false, ...wrong(scene) })!, /\(ENOENT\)$/);
    assert.equal(scene.rig.devices.deviceOf("a").disk.isOpen, true);
  }
  using scene = new Scene();
  const values = { handler: "vcdrom", blocksize: 2048, readOnly: true } as const;
  scene.add({ ...values, filename: scene.file("one", 2048) });
  const filename = scene.file("other", 4096);
  assert.match(scene.change({ ...values, filename, ...wrong(scene) })!, /\(ENOENT\)$/);
  assert.equal(scene.rig.devices.viewOf("a").size, 2048);
  assert.equal(openDescriptors(/other$/), 0);
});

Deno.test("two devices do not keep their reservations in one file, however that is called", () => {
  using scene = new Scene();
  const { stateDir } = scene.rig;
  const usual = `${stateDir}/pr/b`;
  const path = `${scene.dir}/file`;
  Deno.mkdirSync(`${stateDir}/pr`);
  Deno.symlinkSync(`${stateDir}/pr`, `${scene.dir}/link`);
  scene.addOther("b");
  scene.addOther("c", path);
  scene.add();
  const whose = (device: string) => new RegExp(`: device '${device}' keeps its own there$`);
  for (const taken of [usual, `${scene.dir}/link/b`, `${usual}.1`, `${stateDir}/./pr/b.new`]) {
    assert.match(scene.change({ prFileName: taken })!, whose("b"), taken);
  }
  for (const taken of [path, `${scene.dir}/./file`, `${path}.1`]) {
    assert.match(scene.change({ prFileName: taken })!, whose("c"), taken);
    assert.match(scene.addOther("d", taken)!, whose("c"), taken);
  }
  assert.equal(scene.change({ prFileName: `${stateDir}/pr/a` }), undefined, "it is its own");
  scene.remove("b");
  assert.equal(scene.change({ prFileName: usual }), undefined);
  assert.match(scene.addOther("b")!, whose("a"));
  assert.equal(scene.addOther("b", `${scene.dir}/b`), undefined);
  scene.remove("a");
  scene.remove("b");
  assert.equal(scene.addOther("b"), undefined);
});
