/** What could not be served is tried again, unless an administrator has it not be served. */
import assert from "node:assert/strict";
import { joined } from "../../lib/admin/apply.ts";
import type { Outcome } from "../../lib/admin/engine.ts";
import { OfflineEngine } from "../../lib/admin/offline_engine.ts";
import type { DeviceModel, ServerModel, TargetModel } from "../../lib/scst/model.ts";
import { deviceModel } from "../harness/device_rig.ts";
import { targetModel } from "../harness/regroup_rig.ts";
import { EMPTY_MODEL, TreeShell } from "../harness/tree_shell.ts";

/** An engine that opens no file and enables no target, as long as it is told so. */
class StubbornEngine extends OfflineEngine {
  isStubborn = true;

  #refuse(isAsked: boolean): Outcome {
    return Promise.resolve(
      this.isStubborn && isAsked ? { errno: "ENOENT", message: "It is not there" } : undefined,
    );
  }

  override readonly addDevice = ({ active = true }: DeviceModel) => this.#refuse(active);
  override readonly changeDevice = this.addDevice;
  override readonly setTarget = ({ attributes }: TargetModel) => this.#refuse(attributes.enabled);
}

const TARGET = targetModel("");

const CONFIGURED: ServerModel = {
  ...EMPTY_MODEL,
  devices: [deviceModel("d", { handler: "vdisk_fileio", filename: "/none/d" })],
  targets: [TARGET],
};

/** A server that was started with a disk that is not there, and a target that cannot be enabled. */
async function broken(): Promise<
  { shell: TreeShell; failures: () => string[]; mend: () => Promise<string[]> }
> {
  const engine = new StubbornEngine();
  const shell = new TreeShell(engine);
  const { administration } = shell;
  await administration.apply(() => CONFIGURED, () => {});
  const failures = () => Object.values(administration.failures).flat().map(({ name }) => name);
  assert.deepEqual(failures(), ["d", TARGET.name]);
  const mend = async () => {
    engine.isStubborn = false;
    const heard: string[] = [];
    await administration.retry((what) => heard.push(what));
    return heard;
  };
  return { shell, failures, mend };
}

Deno.test("what an administrator closes that could not be served is not tried again", async () => {
  const { shell, failures, mend } = await broken();
  await shell.echo("0", "devices/d/active");
  assert.deepEqual(failures(), [TARGET.name]);
  await shell.echo("0", `targets/iscsi/${TARGET.name}/enabled`);
  assert.deepEqual(failures(), []);
  assert.deepEqual(await mend(), []);
  const { devices: [device], targets: [target] } = shell.administration.savedModel;
  assert.deepEqual([device!.active, target!.attributes.enabled], [false, false]);
});

Deno.test("what a configuration closes that could not be served is not tried again", async () => {
  const { shell, failures, mend } = await broken();
  const said: ServerModel = {
    ...CONFIGURED,
    devices: CONFIGURED.devices.map((device) => ({ ...device, active: false })),
    targets: CONFIGURED.targets.map((target) => ({
      ...target,
      attributes: { ...target.attributes, enabled: false },
    })),
  };
  await shell.administration.apply((now) => joined(said, now, CONFIGURED), () => {});
  assert.deepEqual(failures(), []);
  assert.deepEqual(await mend(), []);
});

Deno.test("what could not be served is tried again with what was changed of it meanwhile", async () => {
  const { shell, failures, mend } = await broken();
  await shell.echo("other", "devices/d/prod_id");
  await shell.echo("/none/e", "devices/d/filename");
  await shell.echo("5", `targets/iscsi/${TARGET.name}/MaxSessions`);
  await assert.rejects(shell.echo("1", "devices/d/active"), { errno: "ENOENT" });
  assert.deepEqual(failures(), ["d", TARGET.name]);
  assert.deepEqual(await mend(), ["device 'd'", `target '${TARGET.name}'`]);
  const { devices: [device], targets: [target] } = shell.administration.model;
  assert.deepEqual([device!.active, device!.filename, device!.texts], [
    undefined,
    "/none/e",
    { prodId: "other" },
  ]);
  assert.deepEqual([target!.attributes.enabled, target!.attributes.maxSessions], [true, 5]);
});
