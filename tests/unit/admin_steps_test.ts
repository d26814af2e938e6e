/** The way from one model to another, in an order in which nothing is missing, and what it concerns. */
import assert from "node:assert/strict";
import { joined, planned } from "../../lib/admin/apply.ts";
import { TreeError } from "../../lib/admin/tree.ts";
import { RecordingEngine } from "../harness/recording_engine.ts";
import { sessionView } from "../harness/session_view.ts";
import { EMPTY_MODEL, TreeShell } from "../harness/tree_shell.ts";

const A = "iqn.2026-11.org.example:a";
const B = "iqn.2026-11.org.example:b";

/** Two targets with two disks, in a device group. */
async function house(): Promise<{ engine: RecordingEngine; shell: TreeShell }> {
  const engine = new RecordingEngine();
  const shell = new TreeShell(engine);
  for (const name of ["d1", "d2"]) {
    await shell.echo(`add_device ${name}`, "handlers/vdisk_nullio/mgmt");
  }
  for (const name of [A, B]) await shell.echo(`add_target ${name}`, "targets/iscsi/mgmt");
  await shell.echo("add d1 0", `targets/iscsi/${A}/luns/mgmt`);
  await shell.echo("add d2 1", `targets/iscsi/${A}/luns/mgmt`);
  await shell.echo("add d2 0", `targets/iscsi/${B}/luns/mgmt`);
  await shell.echo("create dg", "device_groups/mgmt");
  await shell.echo("add d1", "device_groups/dg/devices/mgmt");
  await shell.echo("add d2", "device_groups/dg/devices/mgmt");
  engine.asked.length = 0;
  return { engine, shell };
}

Deno.test("a device that goes is let go of first, by its group and by every target", async () => {
  const { engine, shell } = await house();
  await shell.echo("del_device d2", "handlers/vdisk_nullio/mgmt");
  assert.deepEqual(engine.asked, [
    "setDeviceGroup dg d1",
    `setTarget ${A} 0:d1`,
    `setTarget ${B}`,
    "removeDevice d2",
  ]);
});

Deno.test("a device that cannot become what it is to be is made anew, and its LUNs come back", async () => {
  const { engine, shell } = await house();
  await shell.administration.change((model) => ({
    ...model,
    devices: model.devices.map((one) => one.name === "d2" ? { ...one, blocksize: 4096 } : one),
  }));
  assert.deepEqual(engine.asked, [
    "setDeviceGroup dg d1",
    `setTarget ${A} 0:d1`,
    `setTarget ${B}`,
    "removeDevice d2",
    "addDevice d2",
    `setTarget ${A} 0:d1,1:d2`,
    `setTarget ${B} 0:d2`,
    "setDeviceGroup dg d1,d2",
  ]);
});

Deno.test("whatever a device has for its life, a change of it is one that the server can make", async () => {
  const path = await Deno.makeTempFile({ prefix: "scst_steps_" });
  try {
    for (const value of ["write_through", "o_direct", "nv_cache", "read_only", "removable"]) {
      const { engine, shell } = await house();
      const more = value === "o_direct" ? "async=1;" : "";
      const mgmt = "handlers/vdisk_fileio/mgmt";
      await shell.echo(`add_device f ${more}filename=${path}`, mgmt);
      const { model } = shell.administration;
      const other = new TreeShell();
      await other.echo(`add_device f ${more}filename=${path};${value}=1`, mgmt);
      const device = other.administration.model.devices[0]!;
      engine.asked.length = 0;
      await shell.administration.change(() => ({
        ...model,
        devices: model.devices.map((one) => one.name === "f" ? device : one),
      }));
      assert.deepEqual(engine.asked, ["removeDevice f", "addDevice f"], value);
    }
  } finally {
    await Deno.remove(path);
  }
});

Deno.test("a device of which something was set and taken back is as one of which nothing is said", async () => {
  const { shell } = await house();
  await shell.echo("add_device f filename=/f;o_direct=0", "handlers/vdisk_fileio/mgmt");
  await shell.echo("add_device n dummy=0", "handlers/vdisk_nullio/mgmt");
  for (const text of ["0", "1"]) await shell.echo(text, "devices/f/active");
  for (const text of ["disk", ""]) await shell.echo(text, "devices/n/prod_id");
  for (const text of ["3", "1"]) await shell.echo(text, "devices/n/threads_num");
  const other = await house();
  await other.shell.echo("add_device f filename=/f", "handlers/vdisk_fileio/mgmt");
  await other.shell.echo("add_device n", "handlers/vdisk_nullio/mgmt");
  const { devices } = other.shell.administration.model;
  assert.deepEqual(shell.administration.model.devices, devices);
});

Deno.test("what is new comes in the order in which one refers to the other, and goes in the other", async () => {
  const { shell } = await house();
  const { model } = shell.administration;
  const engine = new RecordingEngine();
  const other = new TreeShell(engine);
  await other.administration.change(() => model);
  const came = engine.asked.map((text) => text.split(" ")[0]);
  assert.deepEqual(came, ["addDevice", "addDevice", "setTarget", "setTarget", "setDeviceGroup"]);
  engine.asked.length = 0;
  await other.administration.change(() => EMPTY_MODEL);
  const went = engine.asked.map((text) => text.split(" ")[0]);
  assert.deepEqual(went, [
    "removeDeviceGroup",
    "removeTarget",
    "removeTarget",
    "removeDevice",
    "removeDevice",
  ]);
});

Deno.test("a step that is refused ends the change: what was done is known, the rest is as before", async () => {
  const { engine, shell } = await house();
  engine.refused = "removeDevice d2";
  const { targets } = shell.administration.model;
  await assert.rejects(
    shell.echo("del_device d2", "handlers/vdisk_nullio/mgmt"),
    new TreeError("EIO", "Cannot removeDevice d2: as it was told"),
  );
  assert.deepEqual(shell.ls("devices"), ["d1", "d2"]);
  assert.deepEqual(shell.ls(`targets/iscsi/${A}/luns`), ["mgmt", "0"]);
  assert.equal(targets.length, shell.administration.model.targets.length);
  engine.refused = undefined;
  await shell.echo("del_device d2", "handlers/vdisk_nullio/mgmt");
  assert.deepEqual(shell.ls("devices"), ["d1"]);
});

Deno.test("changes that come at once are made one after the other", async () => {
  const { shell } = await house();
  const names = Array.from({ length: 50 }, (_, index) => `x${index}`);
  await Promise.all(
    names.map((name) => shell.echo(`add_device ${name}`, "handlers/vdisk_nullio/mgmt")),
  );
  assert.deepEqual(shell.ls("devices"), ["d1", "d2", ...names]);
});

Deno.test("joined() keeps what a configuration does not name, and planned() tells whom it concerns", async () => {
  const { engine, shell } = await house();
  engine.sessions.push(
    sessionView("iqn.x:one", A),
    sessionView("iqn.x:two", A),
    sessionView("iqn.x:three", B),
  );
  const said = new TreeShell();
  await said.echo("add_device d3", "handlers/vdisk_nullio/mgmt");
  await said.echo(`add_target ${A}`, "targets/iscsi/mgmt");
  await said.echo("create g", `targets/iscsi/${A}/ini_groups/mgmt`);
  await said.echo("add *:two", `targets/iscsi/${A}/ini_groups/g/initiators/mgmt`);
  await said.echo("add d3 0", `targets/iscsi/${A}/ini_groups/g/luns/mgmt`);
  const { administration } = shell;
  const wanted = joined(said.administration.model, administration.model);
  assert.deepEqual(planned(administration, wanted), [
    { what: "add device d3", keys: [], sessions: [] },
    { what: `change target ${A}`, keys: ["ini_groups"], sessions: ["iqn.x:two"] },
  ]);
  await administration.change(() => wanted);
  assert.deepEqual(shell.ls(`targets/iscsi/${A}/luns`), ["mgmt", "0", "1"]);
  assert.deepEqual(shell.ls(`targets/iscsi/${A}/ini_groups`), ["mgmt", "g"]);
  assert.deepEqual(shell.ls("devices").toSorted(), ["d1", "d2", "d3"]);
});

Deno.test("joined() drops what a configuration named before and does not name any more", async () => {
  const { shell } = await house();
  const formerly = new TreeShell();
  const said = new TreeShell();
  for (const one of [formerly, said]) {
    await one.echo("add_device d2", "handlers/vdisk_nullio/mgmt");
    await one.echo(`add_target ${A}`, "targets/iscsi/mgmt");
  }
  await formerly.echo("add d2 1", `targets/iscsi/${A}/luns/mgmt`);
  await formerly.echo(`add_target ${B}`, "targets/iscsi/mgmt");
  const { model } = shell.administration;
  await shell.administration.change(() =>
    joined(said.administration.model, model, formerly.administration.model)
  );
  assert.deepEqual(shell.ls("targets/iscsi").filter((name) => name.startsWith("iqn.")), [A]);
  assert.deepEqual(shell.ls(`targets/iscsi/${A}/luns`), ["mgmt", "0"], "LUN 1 was named before");
  assert.deepEqual(shell.ls("devices").toSorted(), ["d1", "d2"], "d1 never was");
});

Deno.test("secrets that a configuration does not name stay, unless it named them before", async () => {
  const { shell } = await house();
  const user = (name: string, secret = "secret of all") => ({ name, secret });
  const users = { incomingUsers: [user("ann"), user("joe")], outgoingUser: user("we") };
  const plain = shell.administration.model;
  const withUsers = (more: typeof users | { incomingUsers: (typeof users)["incomingUsers"] }) => ({
    ...plain,
    driver: { ...plain.driver, ...more },
    targets: plain.targets.map((target) => ({ ...target, ...more })),
  });
  const now = withUsers(users);
  const shown = (model: typeof plain) =>
    [model.driver, ...model.targets].map(({ incomingUsers, outgoingUser }) =>
      [...incomingUsers, ...outgoingUser === undefined ? [] : [outgoingUser]]
        .map(({ name, secret }) => `${name} ${secret}`).join()
    );
  const same = (text: string) => Array(3).fill(text);
  const all = "ann secret of all,joe secret of all,we secret of all";
  assert.deepEqual(shown(joined(plain, now)), same(all));
  const other = withUsers({ incomingUsers: [user("joe", "another one")] });
  assert.deepEqual(
    shown(joined(other, now)),
    same("joe another one,ann secret of all,we secret of all"),
  );
  assert.deepEqual(shown(joined(plain, now, now)), same(""));
  assert.deepEqual(shown(joined(plain, now, other)), same("ann secret of all,we secret of all"));
});

Deno.test("attributes of the root and of the copy manager are a step, and stay where nothing is said", async () => {
  const { shell } = await house();
  const { administration } = shell;
  const plan = (wanted: typeof administration.model) =>
    planned(administration, wanted).map(({ what }) => what);
  const { model } = administration;
  assert.deepEqual(plan({ ...model, setupId: 7 }), ["change the attributes of scst"]);
  assert.deepEqual(plan({ ...model, kept: { threads: "3" } }), ["change the attributes of scst"]);
  const copyManager = { comment: "x" };
  assert.deepEqual(plan({ ...model, copyManager }), ["change the attributes of copy_manager"]);
  await shell.echo("7", "setup_id");
  await shell.echo("99", "threads");
  await shell.echo("x", "targets/copy_manager/copy_manager_tgt/comment");
  const said = joined(model, administration.model);
  assert.deepEqual(plan(said), []);
  assert.deepEqual([said.setupId, said.kept, said.copyManager], [
    7,
    { threads: "99" },
    copyManager,
  ]);
  const gone = joined(model, administration.model, administration.model);
  assert.deepEqual(plan(gone), [
    "change the attributes of scst",
    "change the attributes of copy_manager",
  ]);
  assert.deepEqual([gone.setupId, gone.kept, gone.copyManager], [undefined, undefined, undefined]);
});

Deno.test("planned() names the keys that change, and no value of them", async () => {
  const { shell } = await house();
  const { administration } = shell;
  const { model } = administration;
  const user = { name: "joe", secret: "secret of joe" };
  const [a, b] = model.targets.map((target) => ({ ...target, incomingUsers: [user] }));
  await administration.change((now) => ({ ...now, targets: [a!, b!] }));
  const wanted = {
    ...model,
    kept: { threads: "3" },
    driver: { ...model.driver, incomingUsers: [user] },
    devices: model.devices.map((one) => one.name === "d1" ? { ...one, explAlua: true } : one),
    targets: [{ ...a!, incomingUsers: [], relTgtId: 9 }, b!, { ...b!, name: `${B}2` }],
    deviceGroups: model.deviceGroups.map((group) => ({ ...group, devices: ["d1"] })),
  };
  const steps = planned(administration, wanted);
  assert.deepEqual(steps.map(({ what, keys }) => [what, ...keys]), [
    ["change the attributes of scst", "threads"],
    ["change the attributes of iscsi", "IncomingUser"],
    ["change device d1", "expl_alua"],
    [`change target ${A}`, "IncomingUser", "rel_tgt_id"],
    [`add target ${B}2`],
    ["change device group dg", "devices"],
  ]);
  assert.doesNotMatch(JSON.stringify(steps), /secret/);
});
