/** The management tree without a server: its commands, attributes, marks and refusals, as SCST has them. */
import assert from "node:assert/strict";
import { posix } from "node:path";
import { T, TARGET, withDisks } from "../harness/admin_examples.ts";
import { TreeShell } from "../harness/tree_shell.ts";

Deno.test("the everyday session of SCST's README: devices, a target, LUNs, a group, enabled", async () => {
  const shell = new TreeShell();
  const path = await Deno.makeTempFile({ prefix: "scst_tree_" });
  await shell.echo(
    `add_device disk1 filename=${path}; nv_cache=1`,
    "handlers/vdisk_fileio/mgmt",
  );
  await shell.echo("add_device null1", "handlers/vdisk_nullio/mgmt");
  await shell.echo(`add_target ${T}`, "targets/iscsi/mgmt");
  await shell.echo("add disk1 0", `${TARGET}/luns/mgmt`);
  await shell.echo("create special", `${TARGET}/ini_groups/mgmt`);
  await shell.echo("add null1 0 read_only=1", `${TARGET}/ini_groups/special/luns/mgmt`);
  await shell.echo("add iqn.*:special", `${TARGET}/ini_groups/special/initiators/mgmt`);
  await shell.echo("1", `${TARGET}/enabled`);
  await shell.echo("1", "targets/iscsi/enabled");

  assert.equal(await shell.cat("devices/disk1/filename"), `${path}\n[key]\n\n`);
  assert.equal(await shell.cat("devices/disk1/nv_cache"), "1\n[key]\n");
  assert.equal(await shell.cat(`${TARGET}/rel_tgt_id`), "1\n[key]\n");
  assert.equal(await shell.cat(`${TARGET}/enabled`), "1\n");
  assert.equal(await shell.cat("targets/iscsi/enabled"), "1\n\n");
  assert.equal(await shell.cat(`${TARGET}/luns/0/read_only`), "0\n");
  assert.equal(await shell.cat(`${TARGET}/ini_groups/special/luns/0/read_only`), "1\n[key]\n");
  assert.deepEqual(shell.ls(`${TARGET}/ini_groups/special/initiators`), ["mgmt", "iqn.*:special"]);
  await Deno.remove(path);
});

Deno.test("every link leads to something in the tree", async () => {
  const shell = await withDisks("d1", "d2");
  await shell.echo("add d1 0", `${TARGET}/luns/mgmt`);
  await shell.echo("create g", `${TARGET}/ini_groups/mgmt`);
  await shell.echo("add d2 7", `${TARGET}/ini_groups/g/luns/mgmt`);
  await shell.echo("create dg", "device_groups/mgmt");
  await shell.echo("add d1", "device_groups/dg/devices/mgmt");
  await shell.echo("create tg", "device_groups/dg/target_groups/mgmt");
  await shell.echo(`add ${T}`, "device_groups/dg/target_groups/tg/mgmt");
  const links = [...await shell.find()].filter(([, text]) => text.startsWith("-> "));
  assert(links.length >= 12, `only ${links.length} links`);
  for (const [path, text] of links) {
    const target = posix.join(posix.dirname(path), text.slice(3));
    assert.equal(shell.node(target).kind, "directory", `${path} ${text}`);
  }
});

Deno.test("an attribute that was set is marked, and says what was written", async () => {
  const shell = await withDisks("d");
  const table: [path: string, text: string, read: string][] = [
    ["devices/d/usn", "serial-7", "serial-7\n[key]\n"],
    ["devices/d/naa_id", "0x5000000000000001", "0x5000000000000001\n[key]\n"],
    ["devices/d/naa_id", "", "\n"],
    ["devices/d/prod_id", "my disk", "my disk\n[key]\n"],
    ["devices/d/size", "1048576", "1048576\n[key]\n"],
    ["devices/d/opt_trans_len", "4096", "4096\n[key]\n"],
    ["devices/d/max_tgt_dev_commands", "32", "32\n[key]\n"],
    ["devices/d/max_tgt_dev_commands", "0x40", "64\n"],
    ["devices/d/threads_num", "0", "0\n[key]\n"],
    ["devices/d/threads_pool_type", "shared", "Async\n[key]\n"],
    ["devices/d/threads_num", "2", "2\n[key]\n"],
    ["devices/d/threads_pool_type", "shared", "shared\n[key]\n"],
    ["devices/d/threads_num", "1", "1\n"],
    ["devices/d/read_zero", "1", "1\n[key]\n"],
    ["devices/d/cluster_mode", "0", "0\n"],
    [`${TARGET}/MaxSessions`, "3", "3\n[key]\n\n"],
    [`${TARGET}/MaxSessions`, ":default:", "0\n"],
    [`${TARGET}/HeaderDigest`, "CRC32C,None", "None,CRC32C\n"],
    [`${TARGET}/HeaderDigest`, "None", "None\n[key]\n\n"],
    [`${TARGET}/InitialR2T`, "Yes", "Yes\n[key]\n\n"],
    [`${TARGET}/alias`, "of mine", "of mine\n[key]\n\n"],
    [`${TARGET}/alias`, "", "\n"],
    [`${TARGET}/redirect`, "[fd00::1]:3261 perm", "[fd00::1]:3261 perm\n[key]\n\n"],
    [`${TARGET}/per_portal_acl`, "1", "1\n[key]\n\n"],
    [`${TARGET}/addr_method`, "flat", "FLAT\n[key]\n"],
    [`${TARGET}/comment`, "a remark", "a remark\n[key]\n"],
    [`${TARGET}/comment`, "", ""],
    [`${TARGET}/cpu_mask`, "3", "3\n[key]\n"],
    ["targets/iscsi/link_local", "0", "0\n[key]\n\n"],
    ["targets/iscsi/internal_portal", "10.0.0.1 fd00::2", "10.0.0.1 fd00::2\n[key]\n\n"],
    ["targets/iscsi/internal_portal", "", "\n\n"],
    ["targets/iscsi/iSNSServer", "isns AccessControl", "isns AccessControl\n[key]\n\n"],
    ["targets/iscsi/iSNSServer", "[fd00::9]:1 AccessControl No", "[fd00::9]:1 \n[key]\n\n"],
    ["targets/iscsi/iSNSServer", "", "\n\n"],
    ["targets/iscsi/isns_entity_name", "Host", "host\n"],
    ["targets/iscsi/isns_entity_name", "", "\n"],
    [`${TARGET}/forwarding`, "1", "1\n[key]\n"],
    [`${TARGET}/forward_dst`, "0", "0\n"],
    [`${TARGET}/RDMAExtensions`, "Yes", "Yes\n[key]\n\n"],
    [`${TARGET}/RDMAExtensions`, ":default:", "No\n"],
    ["targets/copy_manager/allow_not_connected_copy", "0", "0\n"],
    ["targets/copy_manager/copy_manager_tgt/comment", "mine", "mine\n[key]\n"],
    ["targets/copy_manager/copy_manager_tgt/comment", "", ""],
    ["targets/copy_manager/copy_manager_tgt/addr_method", "lun", "LUN\n[key]\n"],
    ["threads", "77", "77\n[key]\n"],
    ["async_lun_replace", "on", "1\n[key]\n"],
    ["async_lun_replace", "n", "0\n"],
    ["cluster_name", "west", "west\n[key]\n"],
    ["cluster_name", "", ""],
  ];
  for (const [path, text, read] of table) {
    await shell.echo(text, path);
    assert.equal(await shell.cat(path), read, `echo "${text}" >${path}`);
  }
});

Deno.test("what SCST refuses is refused with its errno, and changes nothing", async () => {
  const shell = await withDisks("d", "e");
  await shell.echo("add d 0", `${TARGET}/luns/mgmt`);
  await shell.echo("create g", `${TARGET}/ini_groups/mgmt`);
  await shell.echo("add *:x", `${TARGET}/ini_groups/g/initiators/mgmt`);
  await shell.echo(
    `add_target_attribute ${T} IncomingUser joe 12characters`,
    "targets/iscsi/mgmt",
  );
  const null_ = "handlers/vdisk_nullio/mgmt";
  const file = "handlers/vdisk_fileio/mgmt";
  await shell.echo("add_device direct filename=/f;o_direct=1;async=1", file);
  assert.equal(await shell.cat("devices/direct/o_direct"), "1\n[key]\n");
  await shell.echo("add_device memory size_mb=1;thin_provisioned=1", "handlers/vdisk_ram/mgmt");
  assert.equal(await shell.cat("devices/memory/size"), "1048576\n[key]\n");
  const luns = `${TARGET}/luns/mgmt`;
  const initiators = `${TARGET}/ini_groups/g/initiators/mgmt`;
  const table: [text: string, path: string, refusal: RegExp][] = [
    ["add_device d", null_, /^EEXIST There is a device "d" already$/],
    ["add_device a.b", null_, /^EINVAL The name of a device must be/],
    ["add_device a/b", null_, /^EINVAL The name of a device must be/],
    ["add_device ..", null_, /^EINVAL/],
    ["add_device mgmt", null_, /^EINVAL The name of a device must be .* not mgmt, type or/],
    ["add_device type", null_, /^EINVAL/],
    ["add_device trace_level", null_, /^EINVAL/],
    ["add_device", null_, /^EINVAL/],
    ["add_device x blocksize=513", null_, /^EINVAL blocksize must be a power of two/],
    ["add_device x size=1000", null_, /^EINVAL The size must be a multiple/],
    ["add_device x size", null_, /^EINVAL "size" is no parameter/],
    ["add_device x size=1 2", null_, /^EINVAL "size=1 2" is no parameter/],
    ["add_device x nonsense=1", null_, /^EINVAL "nonsense" is no parameter of vdisk_nullio/],
    ["add_device x filename=/f", null_, /^EINVAL "filename" is no parameter of vdisk_nullio/],
    ["add_device x cluster_mode=1", null_, /^EOPNOTSUPP cluster_mode cannot be 1/],
    ["add_device x dif_mode=tgt;dif_type=1", null_, /^EOPNOTSUPP dif_mode cannot be "tgt"/],
    ["add_device x dif_type=1", null_, /^EOPNOTSUPP dif_type cannot be 1/],
    ["add_device x dif_type=4", null_, /^EINVAL dif_type must be/],
    ["add_device x filename=/f;dif_filename=/g", file, /^EOPNOTSUPP dif_filename cannot be/],
    ["add_device x filename=/f;size=1000", file, /^EINVAL The size must be a multiple/],
    ["1", "devices/d/cluster_mode", /^EOPNOTSUPP cluster_mode cannot be 1/],
    ["None", "devices/d/dif_mode", /^EIO/],
    ["-1", "devices/d/threads_num", /^EINVAL/],
    ["Async", "devices/d/threads_pool_type", /^EINVAL/],
    ["add_device x", file, /^EINVAL Parameter filename is missing/],
    ["add_device x filename=relative", file, /^EINVAL filename must be an absolute path/],
    ["add_device x filename=/a;filename=/b", file, /^EINVAL Parameter filename is given twice/],
    ["add_device x filename=/a;read_only=1;nv_cache=1", file, /^EINVAL A device that can only/],
    ["add_device x filename=/a;o_direct=1", file, /^EINVAL o_direct needs async=1$/],
    ["add_device x filename=/a;o_direct=1;async=0", file, /^EINVAL o_direct needs async=1$/],
    ["add_device x filename=/a;o_direct=1", "handlers/vdisk_blockio/mgmt", /^EINVAL "o_direct" is/],
    ["add_device x", "handlers/vdisk_ram/mgmt", /^EINVAL Parameter size is missing/],
    ["add_device x filename=/a;size=512", "handlers/vdisk_ram/mgmt", /^EINVAL "filename" is no/],
    ["1024", "devices/memory/size", /^(EIO|EACCES)/],
    ["0", "devices/direct/async", /^EINVAL o_direct needs async=1$/],
    ["del_device x", null_, /^EINVAL There is no device "x"$/],
    ["del_device d e", null_, /^EINVAL "e" is too much/],
    ["remove d", null_, /^EINVAL "remove" is no command here/],
    [`add_target ${T.toUpperCase()}`, "targets/iscsi/mgmt", /^EEXIST/],
    ["add_target disk", "targets/iscsi/mgmt", /^EINVAL The name of a target must be/],
    ["del_target iqn.2026-11.org.example:x", "targets/iscsi/mgmt", /^ENOENT/],
    [`add_target ${T}2 Nonsense=1`, "targets/iscsi/mgmt", /^EINVAL/],
    [
      `add_target_attribute ${T} IncomingUser joe another-secret`,
      "targets/iscsi/mgmt",
      /^EINVAL There is an IncomingUser of that name already$/,
    ],
    [
      `add_target_attribute ${T} IncomingUser ann short`,
      "targets/iscsi/mgmt",
      /^EINVAL The secret of a user must be .*: there are 5 characters$/,
    ],
    [
      `add_target_attribute ${T} OutgoingUser me 12characters`,
      "targets/iscsi/mgmt",
      /^EINVAL OutgoingUser must have a secret of its own/,
    ],
    [`add_target_attribute ${T} Nonsense x`, "targets/iscsi/mgmt", /^EINVAL/],
    [`add_target_attribute ${T}x IncomingUser x y`, "targets/iscsi/mgmt", /^ENOENT/],
    [`del_target_attribute ${T} IncomingUser ann`, "targets/iscsi/mgmt", /^ENOENT/],
    ["add d 0", luns, /^EEXIST LUN 0 is there already$/],
    ["add x 1", luns, /^EINVAL There is no device "x"$/],
    ["add d 16384", luns, /^EINVAL A LUN must be a number from 0 to 16383/],
    ["add d -1", luns, /^EINVAL/],
    ["add d", luns, /^EINVAL A word is missing/],
    ["add d 1 nonsense=1", luns, /^EINVAL "nonsense" is no parameter of a LUN/],
    ["del 1", luns, /^EINVAL There is no LUN 1 here$/],
    ["del 0 0", luns, /^EINVAL "0" is too much/],
    ["clear all", luns, /^EINVAL "all" is too much/],
    ["create g", `${TARGET}/ini_groups/mgmt`, /^EEXIST/],
    ["create a/b", `${TARGET}/ini_groups/mgmt`, /^EINVAL/],
    ["create mgmt", `${TARGET}/ini_groups/mgmt`, /^EINVAL/],
    ["del x", `${TARGET}/ini_groups/mgmt`, /^EINVAL/],
    ["add *:X", initiators, /^EEXIST/],
    ["add a/b", initiators, /^EINVAL/],
    ["add .", initiators, /^EINVAL A pattern must be/],
    ["add ..", initiators, /^EINVAL/],
    ["add mgmt", initiators, /^EINVAL/],
    ["del *:y", initiators, /^EINVAL/],
    ["move *:x nowhere", initiators, /^EINVAL/],
    ["move *:x g", initiators, /^EEXIST/],
    ["2", `${TARGET}/enabled`, /^EINVAL enabled must be 0 or 1: current value is "2"$/],
    ["65536", `${TARGET}/rel_tgt_id`, /^EINVAL/],
    ["2049", `${TARGET}/QueuedCommands`, /^EINVAL QueuedCommands must be a number from 1 to 2048/],
    ["yes", `${TARGET}/InitialR2T`, /^EINVAL/],
    ["10.0.0.1 often", `${TARGET}/redirect`, /^EINVAL/],
    [`${"x".repeat(1024)} temp`, `${TARGET}/redirect`, /^ERANGE redirect .*: there are 1030$/],
    ["13 digits", "devices/d/naa_id", /^EINVAL/],
    ["123456789012345678901", "devices/d/usn", /^EINVAL/],
    ["disk", "devices/d/read_only", /^EIO It can only be read$/],
    ["1", "devices/d/type", /^EIO/],
    ["bad", "trace_level", /^EINVAL/],
    ["-1", "setup_id", /^EINVAL/],
    ["maybe", "async_lun_replace", /^EINVAL async_lun_replace must be 0, n, off, 1, y, on/],
    ["x".repeat(64), "cluster_name", /^EINVAL cluster_name must be a text of at most 63/],
    ["x".repeat(4095), "setup_id", /^EINVAL 4096 bytes are too many/],
    ["0\0", "setup_id", /^EINVAL There is a NUL byte/],
    ["\u00e9", `${TARGET}/comment`, /^EINVAL There are bytes in the text that are not ASCII/],
    ["1", "targets/copy_manager/allow_not_connected_copy", /^EOPNOTSUPP/],
    ["add scsi order", "trace_level", /^EINVAL/],
    ["create g", "targets/copy_manager/copy_manager_tgt/ini_groups/mgmt", /^EINVAL/],
    ["add d 9", "targets/copy_manager/copy_manager_tgt/luns/mgmt", /^EINVAL/],
    ["create", "device_groups/mgmt", /^EINVAL/],
    ["del dg", "device_groups/mgmt", /^EINVAL/],
  ];
  const before = await shell.find();
  for (const [text, path, refusal] of table) {
    assert.match(await shell.refusal(text, path), refusal, `echo "${text.slice(0, 80)}" >${path}`);
  }
  assert.equal(before.delete("last_sysfs_mgmt_res"), true);
  const after = await shell.find();
  after.delete("last_sysfs_mgmt_res");
  assert.deepEqual(after, before);
});

Deno.test("device groups: members, identifiers, states, and targets of other nodes", async () => {
  const shell = await withDisks("d", "e");
  await shell.echo("create dg", "device_groups/mgmt");
  await shell.echo("add dg2", "device_groups/mgmt");
  await shell.echo("add d", "device_groups/dg/devices/mgmt");
  const groups = "device_groups/dg/target_groups";
  await shell.echo("create near", `${groups}/mgmt`);
  await shell.echo("add far", `${groups}/mgmt`);
  await shell.echo(`add ${T}`, `${groups}/near/mgmt`);
  await shell.echo("add iqn.2026-11.org.example:away", `${groups}/far/mgmt`);
  await shell.echo("5", `${groups}/far/iqn.2026-11.org.example:away/rel_tgt_id`);
  await shell.echo("1", `${groups}/near/group_id`);
  await shell.echo("standby", `${groups}/near/state`);
  await shell.echo("1", `${groups}/near/preferred`);
  assert.equal(await shell.cat(`${groups}/near/group_id`), "1\n[key]\n");
  assert.equal(await shell.cat(`${groups}/far/group_id`), "0\n[key]\n");
  assert.equal(await shell.cat(`${groups}/near/state`), "standby\n[key]\n");
  assert.equal(await shell.cat(`${groups}/near/preferred`), "1\n[key]\n");
  const table: [text: string, path: string, refusal: RegExp][] = [
    ["add d", "device_groups/dg2/devices/mgmt", /^EEXIST/],
    ["add x", "device_groups/dg/devices/mgmt", /^EINVAL/],
    [`add ${T}`, `${groups}/far/mgmt`, /^EEXIST/],
    ["add ..", `${groups}/far/mgmt`, /^EINVAL The name of a target must be/],
    ["add a/b", `${groups}/far/mgmt`, /^EINVAL/],
    ["add \u00e9", `${groups}/far/mgmt`, /^EINVAL/],
    ["add mgmt", `${groups}/far/mgmt`, /^EINVAL/],
    ["add group_id", `${groups}/far/mgmt`, /^EINVAL/],
    [`add ${"x".repeat(224)}`, `${groups}/far/mgmt`, /^EINVAL/],
    ["1", `${groups}/far/group_id`, /^EINVAL/],
    ["0", `${groups}/far/group_id`, /^EINVAL/],
    ["good", `${groups}/far/state`, /^EINVAL/],
    ["2", `${groups}/far/preferred`, /^EINVAL/],
    ["create near", `${groups}/mgmt`, /^EEXIST/],
  ];
  for (const [text, path, refusal] of table) {
    assert.match(await shell.refusal(text, path), refusal, `echo "${text}" >${path}`);
  }
  await shell.echo("del_device d", "handlers/vcdrom/mgmt");
  assert.deepEqual(shell.ls("device_groups/dg/devices"), ["mgmt"], "a device leaves its group");
});

Deno.test("values of one attribute are called by the first number that is free, and keep it", async () => {
  const shell = await withDisks();
  const add = (what: string) =>
    shell.echo(`add_target_attribute ${T} ${what}`, "targets/iscsi/mgmt");
  const remove = (what: string) =>
    shell.echo(`del_target_attribute ${T} ${what}`, "targets/iscsi/mgmt");
  const users = async () => {
    const files = shell.ls(TARGET).filter((name) =>
      /^(?:IncomingUser|allowed_portal)\d*$/.test(name)
    );
    const texts = await Promise.all(files.map((file) => shell.cat(`${TARGET}/${file}`)));
    return files.map((file, index) => `${file} ${texts[index]!.split(/[ \n]/)[0]}`).sort();
  };
  for (const name of ["a", "b", "c"]) await add(`IncomingUser ${name} 12characters`);
  assert.deepEqual(await users(), ["IncomingUser a", "IncomingUser1 b", "IncomingUser2 c"]);
  await remove("IncomingUser a");
  assert.deepEqual(await users(), ["IncomingUser1 b", "IncomingUser2 c"]);
  await shell.echo("x 12characters", `${TARGET}/IncomingUser2`);
  assert.deepEqual(await users(), ["IncomingUser1 b", "IncomingUser2 x"]);
  await add("IncomingUser7 d 12characters");
  await add("IncomingUser1 e 12characters");
  await add("IncomingUser f 12characters");
  assert.deepEqual(await users(), [
    "IncomingUser f",
    "IncomingUser1 b",
    "IncomingUser11 e",
    "IncomingUser2 x",
    "IncomingUser7 d",
  ]);
  for (const user of ["b", "d", "e", "f", "x"]) await remove(`IncomingUser ${user}`);
  for (const portal of ["10.0.0.1", "10.0.0.2", "10.0.0.3"]) await add(`allowed_portal ${portal}`);
  await remove("allowed_portal 10.0.0.2");
  assert.deepEqual(await users(), ["allowed_portal 10.0.0.1", "allowed_portal2 10.0.0.3"]);
  await add("allowed_portal 10.0.0.4");
  assert.deepEqual((await users())[1], "allowed_portal1 10.0.0.4");

  await shell.echo("add_attribute IncomingUser3 who 12characters", "targets/iscsi/mgmt");
  assert.equal(await shell.cat("targets/iscsi/IncomingUser3"), "who 12characters\n[key]\n\n");
  await shell.echo(`del_target ${T}`, "targets/iscsi/mgmt");
  await shell.echo(`add_target ${T}`, "targets/iscsi/mgmt");
  await add("IncomingUser z 12characters");
  assert.deepEqual(await users(), ["IncomingUser z"]);
});

Deno.test("last_sysfs_mgmt_res says what has become of the last job", async () => {
  const shell = await withDisks("d");
  const last = () => shell.cat("last_sysfs_mgmt_res");
  assert.equal(await last(), "0\n");
  await shell.refusal("add_device d", "handlers/vdisk_nullio/mgmt");
  assert.equal(await last(), "-17\n");
  await shell.refusal("del_device x", "handlers/vdisk_nullio/mgmt");
  assert.equal(await last(), "-22\n");
  await shell.echo("1", `${TARGET}/enabled`);
  assert.equal(await last(), "0\n");
});
