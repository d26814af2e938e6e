/** Saving configurations as YAML: what is written reads back as the same model, and comments stay. */
import assert from "node:assert/strict";
import { loadConfig } from "../../lib/config/load.ts";
import { plainOf } from "../../lib/config/plain.ts";
import { editedYaml, yamlText } from "../../lib/config/yaml_text.ts";
import type { ServerModel } from "../../lib/scst/model.ts";
import { TreeShell } from "../harness/tree_shell.ts";

const T = "iqn.2026-11.org.example:t";
const U = "iqn.2026-11.org.example:u";

/** What is not as it is where nothing is said, of everything that the tree can say. */
async function everything(): Promise<ServerModel> {
  const shell = new TreeShell();
  await shell.echo("0x12", "setup_id");
  await shell.echo("9", "max_tasklet_cmd");
  await shell.echo(
    "add_device 10 size=1048576;rotational=0;tst=0",
    "handlers/vdisk_nullio/mgmt",
  );
  await shell.echo(
    "add_device 2 blocksize=4096;read_only=1;removable=1",
    "handlers/vdisk_nullio/mgmt",
  );
  await shell.echo(
    "add_device file filename=/srv/a_b;thin_provisioned=1;write_through=1;active=0;async=1",
    "handlers/vdisk_fileio/mgmt",
  );
  await shell.echo("add_device block filename=/dev/x;nv_cache=1", "handlers/vdisk_blockio/mgmt");
  await shell.echo("add_device cd", "handlers/vcdrom/mgmt");
  const device: [string, string][] = [
    ["prod_id", "  my: disk"],
    ["t10_vend_id", "ACME"],
    ["vend_specific_id", "#1"],
    ["prod_rev_lvl", "007"],
    ["scsi_device_name", "naa.5"],
    ["inq_vend_specific", "!x"],
    ["naa_id", "0x5000000000000001"],
    ["eui64_id", "0x0123456789abcdef"],
    ["usn", "0123"],
    ["opt_trans_len", "1048576"],
    ["expl_alua", "1"],
    ["max_tgt_dev_commands", "5"],
    ["threads_num", "3"],
    ["threads_pool_type", "shared"],
  ];
  for (const [name, text] of device) await shell.echo(text, `devices/file/${name}`);
  await shell.echo(`add_target ${T}`, "targets/iscsi/mgmt");
  await shell.echo(`add_target ${U}`, "targets/iscsi/mgmt");
  const target: [string, string][] = [
    ["MaxSessions", "3"],
    ["NopInInterval", "0"],
    ["InitialR2T", "Yes"],
    ["ImmediateData", "No"],
    ["HeaderDigest", "None"],
    ["DataDigest", "CRC32C"],
    ["alias", "yes"],
    ["comment", "1.0"],
    ["redirect", "[fd00::1]:3261 perm"],
    ["per_portal_acl", "1"],
    ["addr_method", "FLAT"],
    ["aen_disabled", "1"],
    ["io_grouping_type", "never"],
    ["cpu_mask", "3"],
    ["enabled", "1"],
    ["rel_tgt_id", "77"],
  ];
  for (const [name, text] of target) await shell.echo(text, `targets/iscsi/${T}/${name}`);
  const commands: [string, string][] = [
    [`add_target_attribute ${T} IncomingUser 1 secret : of # one`, "targets/iscsi/mgmt"],
    [`add_target_attribute ${T} IncomingUser two 000000000000`, "targets/iscsi/mgmt"],
    [`add_target_attribute ${T} OutgoingUser me another secret`, "targets/iscsi/mgmt"],
    [`add_target_attribute ${T} allowed_portal !10.0.0.*`, "targets/iscsi/mgmt"],
    ["add_attribute IncomingUser joe of-the-discovery", "targets/iscsi/mgmt"],
    ["add file 10", `targets/iscsi/${T}/luns/mgmt`],
    ["add 2 2 read_only=1", `targets/iscsi/${T}/luns/mgmt`],
    ["create 7", `targets/iscsi/${T}/ini_groups/mgmt`],
    ["create 3", `targets/iscsi/${T}/ini_groups/mgmt`],
    ["add *:a", `targets/iscsi/${T}/ini_groups/7/initiators/mgmt`],
    ["add !*:b", `targets/iscsi/${T}/ini_groups/7/initiators/mgmt`],
    ["add 10 0", `targets/iscsi/${T}/ini_groups/7/luns/mgmt`],
    ["LUN", `targets/iscsi/${T}/ini_groups/7/addr_method`],
    ["1", `targets/iscsi/${T}/ini_groups/7/per_sess_dedicated_tgt_threads`],
    ["0", "targets/iscsi/link_local"],
    ["0", "targets/iscsi/enabled"],
    ["127.0.0.1 fd00::1", "targets/iscsi/internal_portal"],
    ["10.0.0.9:3206 AccessControl", "targets/iscsi/iSNSServer"],
    ["storage1", "targets/iscsi/isns_entity_name"],
    ["create dg", "device_groups/mgmt"],
    ["add file", "device_groups/dg/devices/mgmt"],
    ["create tg", "device_groups/dg/target_groups/mgmt"],
    ["5", "device_groups/dg/target_groups/tg/group_id"],
    [`add ${T}`, "device_groups/dg/target_groups/tg/mgmt"],
    ["add iqn.2026-11.org.example:far", "device_groups/dg/target_groups/tg/mgmt"],
    ["9", "device_groups/dg/target_groups/tg/iqn.2026-11.org.example:far/rel_tgt_id"],
    ["standby", "device_groups/dg/target_groups/tg/state"],
    ["1", "device_groups/dg/target_groups/tg/preferred"],
    ["create bare", "device_groups/dg/target_groups/mgmt"],
    ["create empty", "device_groups/mgmt"],
  ];
  for (const [text, path] of commands) await shell.echo(text, path);
  const portals = [{ hostname: "127.0.0.1", port: 3260 }, { hostname: "fd00::7", port: 3261 }];
  return { ...shell.administration.model, portals };
}

/** The model that a text says. */
async function modelOf(text: string): Promise<ServerModel> {
  const dir = await Deno.makeTempDir({ prefix: "scst_yaml_" });
  try {
    await Deno.writeTextFile(`${dir}/scst.yaml`, text, { mode: 0o600 });
    return { ...loadConfig(`${dir}/scst.yaml`, `${dir}/state`), stateDir: "/nonexistent" };
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

Deno.test("what yamlText() writes of a model reads back as the same model, in the same order", async () => {
  const model = await everything();
  const text = yamlText(plainOf(model));
  const json = (one: ServerModel) => JSON.parse(JSON.stringify(one));
  assert.deepEqual(json(await modelOf(text)), json(model), text);
  const trees = [model, await modelOf(text)].map((one) => new TreeShell(undefined, one).find());
  assert.deepEqual(await trees[0], await trees[1], "the tree as well");
});

const COMMENTED = `# The disks of the house
portals: [127.0.0.1] # not for others
devices:
  # The one that counts
  disk1: { handler: vdisk_nullio, size: 1MiB, naa_id: 0x5000000000000001, usn: one } # keep
  disk2:
    handler: vdisk_nullio # nothing in it
    usn: two
    naa_id: 0x5000000000000002
targets:
  ${T}:
    luns:
      0: disk1 # first
      1: disk2
    enabled: Yes
`;

Deno.test("editedYaml() leaves what means the same as it is written, comments and all", async () => {
  const model = await modelOf(COMMENTED.replace("Yes", "true"));
  const plain = plainOf(model);
  assert.equal(editedYaml(COMMENTED, plain, plain), COMMENTED);
  const shell = new TreeShell(undefined, model);
  await shell.echo("del 1", `targets/iscsi/${T}/luns/mgmt`);
  await shell.echo("add disk2 7 read_only=1", `targets/iscsi/${T}/luns/mgmt`);
  await shell.echo("prod", "devices/disk2/prod_id");
  await shell.echo("3", `targets/iscsi/${T}/MaxSessions`);
  const text = editedYaml(COMMENTED, plain, plainOf(shell.administration.model));
  for (
    const kept of [
      "# The disks of the house",
      "# not for others",
      "# The one that counts",
      "size: 1MiB",
      "# keep",
      "# nothing in it",
      "0: disk1 # first",
    ]
  ) assert(text.includes(kept), `${kept} is gone:\n${text}`);
  const read = await modelOf(text.replace("enabled: Yes", "enabled: true"));
  assert.deepEqual(read, { ...shell.administration.model });
});
