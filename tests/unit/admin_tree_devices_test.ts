/** Devices in the management tree: how they are made and told apart, what they show, and how they go. */
import assert from "node:assert/strict";
import { TARGET, withDisks } from "../harness/admin_examples.ts";
import { TreeShell } from "../harness/tree_shell.ts";

Deno.test("devices have the identities that SCST computes from name and setup_id", async () => {
  const shell = await withDisks("disk1");
  const usn = (await shell.cat("devices/disk1/usn")).trim();
  assert.match(usn, /^[0-9a-f]{1,8}$/);
  assert.equal(await shell.cat("devices/disk1/t10_dev_id"), `${usn}-disk1\n`);
  await shell.echo("0x7", "setup_id");
  await shell.echo("add_device disk2", "handlers/vdisk_nullio/mgmt");
  assert.match(await shell.cat("devices/disk2/usn"), /^7[0-9a-f]{8}\n$/);
  assert.equal(
    (await shell.cat("devices/disk1/usn")).trim(),
    usn,
    "those that are there keep theirs",
  );
  assert.equal(await shell.cat("setup_id"), "0x7\n[key]\n");
});

Deno.test("deleting a device takes its LUNs everywhere, and numbers are not given again", async () => {
  const shell = await withDisks("d", "e");
  await shell.echo("add d 0", `${TARGET}/luns/mgmt`);
  await shell.echo("add e 1", `${TARGET}/luns/mgmt`);
  assert.deepEqual(shell.ls("devices/d/exported"), ["export0", "export1"]);
  assert.deepEqual(shell.ls("targets/copy_manager/copy_manager_tgt/luns"), ["mgmt", "0", "1"]);
  await shell.echo("clear", "targets/copy_manager/copy_manager_tgt/luns/mgmt");
  assert.deepEqual(shell.ls("targets/copy_manager/copy_manager_tgt/luns"), ["mgmt", "0", "1"]);
  await shell.echo("del 0", `${TARGET}/luns/mgmt`);
  assert.deepEqual(shell.ls("devices/d/exported"), ["export0"]);
  await shell.echo("add d 5", `${TARGET}/luns/mgmt`);
  assert.deepEqual(shell.ls("devices/d/exported"), ["export0", "export2"]);
  await shell.echo("del_device d", "handlers/vdisk_fileio/mgmt");
  assert.deepEqual(shell.ls(`${TARGET}/luns`), ["mgmt", "1"]);
  await shell.echo("add_device d", "handlers/vdisk_nullio/mgmt");
  assert.deepEqual(shell.ls("targets/copy_manager/copy_manager_tgt/luns"), ["mgmt", "1", "2"]);
});

Deno.test("a device says at creation what it is, and shows what it was given", async () => {
  const shell = new TreeShell();
  const path = await Deno.makeTempFile({ prefix: "scst_tree_" });
  await shell.echo(
    `add_device f filename=${path};size=1048576;thin_provisioned=0;lb_per_pb_exp=0;dif_type=0`,
    "handlers/vdisk_fileio/mgmt",
  );
  await shell.echo("add_device n dummy=1;size_mb=3", "handlers/vdisk_nullio/mgmt");
  await shell.echo("add_device c", "handlers/vcdrom/mgmt");
  const table: [path: string, mode: number, read: string][] = [
    ["f/size", 0o444, "1048576\n[key]\n"],
    ["f/size_mb", 0o444, "1\n"],
    ["f/thin_provisioned", 0o444, "0\n[key]\n"],
    ["f/lb_per_pb_exp", 0o644, "0\n[key]\n"],
    ["f/bind_alua_state", 0o644, "0\n"],
    ["f/threads_num", 0o644, "8\n"],
    ["f/dif_mode", 0o444, "None\n"],
    ["f/dif_type", 0o444, "0\n"],
    ["f/write_through", 0o444, "0\n"],
    ["f/t10_vend_id", 0o644, "SCST_FIO\n"],
    ["f/prod_rev_lvl", 0o644, "3110\n"],
    ["n/dummy", 0o444, "1\n[key]\n"],
    ["n/size", 0o644, "3145728\n[key]\n"],
    ["n/threads_num", 0o644, "1\n"],
    ["n/cluster_mode", 0o644, "0\n"],
    ["n/t10_vend_id", 0o644, "SCST_FIO\n"],
    ["c/size", 0o444, "0\n[key]\n"],
    ["c/threads_num", 0o644, "8\n"],
    ["c/filename", 0o644, "none\n\n"],
  ];
  for (const [name, mode, read] of table) {
    const node = shell.node(`devices/${name}`);
    assert.equal(node.kind === "file" ? node.mode : 0, mode, name);
    assert.equal(await shell.cat(`devices/${name}`), read, name);
  }
  assert.match(
    await shell.refusal("/another", "devices/f/filename"),
    /^EINVAL filename cannot be changed as long as the device is active/,
  );
  await shell.echo("0", "devices/f/active");
  await shell.echo("/another", "devices/f/filename");
  assert.equal(await shell.cat("devices/f/filename"), "/another\n[key]\n\n");
  await Deno.remove(path);
});

Deno.test("the help of each handler lists the parameters of SCST", async () => {
  const shell = new TreeShell();
  const files = "active, bind_alua_state, blocksize, cluster_mode, dif_filename, dif_mode, " +
    "dif_static_app_tag, dif_type, filename, numa_node_id, nv_cache, read_only, removable, " +
    "rotational, thin_provisioned, tst, t10_dev_id, write_through";
  const table = {
    vdisk_fileio: `async, ${files}`,
    vdisk_blockio: files,
    vdisk_nullio: "blocksize, cluster_mode, dif_mode, dif_static_app_tag, dif_type, dummy, " +
      "numa_node_id, read_only, removable, rotational, size, size_mb, tst, t10_dev_id",
    vcdrom: "tst",
  };
  for (const [handler, names] of Object.entries(table)) {
    const help = await shell.cat(`handlers/${handler}/mgmt`);
    const listed = /^The following parameters available: (.*)$/m.exec(help)?.[1]?.split(", ") ?? [];
    const missing = names.split(", ").filter((name) => !listed.includes(name));
    assert.deepEqual(missing, [], handler);
  }
});
