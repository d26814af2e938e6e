/** `pr_file_name`: the file in which a device keeps its reservations. */
import assert from "node:assert/strict";
import type { DeviceModel } from "../../lib/scst/model.ts";
import { deviceModel, DeviceRig, resultOf } from "../harness/device_rig.ts";
import { reserveOut } from "../harness/exchange.ts";
import { PrOut } from "../initiator/reservations.ts";

const KEY = 7n;

class Scene implements Disposable {
  readonly rig = new DeviceRig();
  readonly dir = Deno.makeTempDirSync({ dir: "/dev/shm" });
  readonly model = deviceModel("a");

  add(values: Partial<DeviceModel> = {}): string | undefined {
    return resultOf((done) => this.rig.devices.add({ ...this.model, ...values }, done)).error;
  }

  change(values: Partial<DeviceModel>): string | undefined {
    const model = { ...this.model, ...values };
    return resultOf((done) => this.rig.devices.get("a").change(model, done)).error;
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
