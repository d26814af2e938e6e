/** A server of which nothing is as it is where nothing is said, as far as the tree can say something. */
import type { ServerModel } from "../../lib/scst/model.ts";
import { TreeShell } from "./tree_shell.ts";

const T = "iqn.2026-11.org.example:t";
/** The target that HOST can log in to, and others that have its name at the front of theirs. */
export const U = "iqn.2026-11.org.example:u";
export const HOST = "iqn.2026-11.org.example:host";
const FAR = "iqn.2026-11.org.example:far";

type Writes = readonly (readonly [path: string, text: string])[];

const ROOT: Writes = [
  ["setup_id", "0x12"],
  ["threads", "77"],
  ["max_tasklet_cmd", "9"],
  ["poll_us", "3"],
  ["force_global_sgv_pool", "1"],
  ["async_lun_replace", "1"],
  ["cluster_name", "west 1"],
];

const DEVICES: Writes = [
  [
    "vdisk_blockio",
    "block filename=/dev/x;nv_cache=1;numa_node_id=1;bind_alua_state=0;size=4096;active=0",
  ],
  ["vcdrom", "cd tst=0"],
  [
    "vdisk_fileio",
    "file filename=/srv/a_b;thin_provisioned=1;write_through=1;active=0;async=1;o_direct=1;size=1048576;" +
    "blocksize=4096;removable=1;rotational=0;tst=0;bind_alua_state=1",
  ],
  ["vdisk_fileio", "file2 filename=/srv/c;thin_provisioned=0;read_only=1"],
  ["vdisk_nullio", "null1 size=1048576;rotational=0;tst=0;numa_node_id=0"],
  ["vdisk_nullio", "null2 blocksize=4096;read_only=1;removable=1;dummy=1"],
  ["vdisk_ram", "ram size_mb=1;thin_provisioned=1;blocksize=4096"],
];

/** Of every device that has it. */
const DEVICE: Writes = [
  ["prod_id", "  my: disk"],
  ["t10_vend_id", "ACME"],
  ["t10_dev_id", "of mine"],
  ["vend_specific_id", "#1"],
  ["prod_rev_lvl", "007"],
  ["scsi_device_name", "naa.5"],
  ["inq_vend_specific", "!x"],
  ["opt_trans_len", "1048576"],
  ["expl_alua", "1"],
  ["lb_per_pb_exp", "0"],
  ["max_tgt_dev_commands", "5"],
  ["faults", "read EIO chance=0.5 seed=7 lba=0-1; sync hang after=9"],
  ["threads_num", "3"],
  ["threads_pool_type", "shared"],
  ["read_zero", "1"],
];

/** What no two devices may share. */
const IDENTITIES: Writes = ["block", "cd", "file", "file2", "null1", "null2", "ram"].flatMap(
  (device, index) => [
    [`${device}/usn`, `012${index}`],
    [`${device}/naa_id`, `0x500000000000000${index}`],
    [`${device}/eui64_id`, `0x0123456789abcde${index}`],
    [`${device}/pr_file_name`, `/srv/pr_${device}`],
  ],
);

const TARGET: Writes = [
  ["MaxSessions", "3"],
  ["QueuedCommands", "64"],
  ["RspTimeout", "60"],
  ["NopInInterval", "0"],
  ["NopInTimeout", "10"],
  ["InitialR2T", "Yes"],
  ["ImmediateData", "No"],
  ["MaxRecvDataSegmentLength", "65536"],
  ["MaxXmitDataSegmentLength", "65536"],
  ["MaxBurstLength", "262144"],
  ["FirstBurstLength", "4096"],
  ["MaxOutstandingR2T", "1"],
  ["HeaderDigest", "None"],
  ["DataDigest", "CRC32C"],
  ["RDMAExtensions", "Yes"],
  ["alias", "yes"],
  ["comment", "1.0"],
  ["redirect", "[fd00::1]:3261 perm"],
  ["per_portal_acl", "1"],
  ["addr_method", "FLAT"],
  ["aen_disabled", "1"],
  ["io_grouping_type", "never"],
  ["cpu_mask", "3"],
  ["forward_src", "1"],
  ["forward_dst", "1"],
  ["enabled", "1"],
  ["rel_tgt_id", "77"],
];

const COPY_MANAGER: Writes = [
  ["comment", "copies"],
  ["addr_method", "FLAT"],
  ["aen_disabled", "1"],
  ["io_grouping_type", "2"],
  ["cpu_mask", "1"],
  ["forward_src", "1"],
  ["forward_dst", "1"],
  ["rel_tgt_id", "99"],
];

const MGMT = "targets/iscsi/mgmt";
const GROUPS = `targets/iscsi/${T}/ini_groups`;
const DEVICE_GROUP = "device_groups/dg";

const COMMANDS: Writes = [
  [MGMT, `add_target_attribute ${T} IncomingUser 1 secret : of # one`],
  [MGMT, `add_target_attribute ${T} IncomingUser two 000000000000`],
  [MGMT, `add_target_attribute ${T} OutgoingUser me another secret`],
  [MGMT, `add_target_attribute ${T} allowed_portal !10.0.0.*`],
  [MGMT, `add_target_attribute ${T} allowed_portal 10.*`],
  [MGMT, "add_attribute IncomingUser joe of-the-discovery"],
  [MGMT, "add_attribute OutgoingUser we we-are-who-we-are"],
  [`targets/iscsi/${T}/luns/mgmt`, "add file 10"],
  [`targets/iscsi/${T}/luns/mgmt`, "add null2 2 read_only=1"],
  [`targets/iscsi/${T}/luns/mgmt`, "add block 16383 read_only=1"],
  [`targets/iscsi/${U}/luns/mgmt`, "add cd 0"],
  [`targets/iscsi/${U}/ini_groups/mgmt`, "create hosts"],
  [`targets/iscsi/${U}/ini_groups/hosts/initiators/mgmt`, `add ${HOST}*`],
  [`targets/iscsi/${U}/ini_groups/hosts/luns/mgmt`, "add file2 0"],
  [`targets/iscsi/${U}/ini_groups/hosts/luns/mgmt`, "add null1 1"],
  [`targets/iscsi/${U}/ini_groups/hosts/luns/mgmt`, "add null2 2"],
  [`targets/iscsi/${U}/enabled`, "1"],
  [`${GROUPS}/mgmt`, "create 3"],
  [`${GROUPS}/mgmt`, "create 7"],
  [`${GROUPS}/7/initiators/mgmt`, "add *:a"],
  [`${GROUPS}/7/initiators/mgmt`, "add !*:b"],
  [`${GROUPS}/7/luns/mgmt`, "add null1 0"],
  [`${GROUPS}/7/addr_method`, "LUN"],
  [`${GROUPS}/7/io_grouping_type`, "this_group_only"],
  [`${GROUPS}/7/cpu_mask`, "f"],
  [`${GROUPS}/7/per_sess_dedicated_tgt_threads`, "1"],
  ["targets/iscsi/link_local", "0"],
  ["targets/iscsi/enabled", "0"],
  ["targets/iscsi/internal_portal", "127.0.0.1 fd00::1"],
  ["targets/iscsi/iSNSServer", "10.0.0.9:3206 AccessControl"],
  ["targets/iscsi/isns_entity_name", "storage1"],
  ["device_groups/mgmt", "create dg"],
  [`${DEVICE_GROUP}/devices/mgmt`, "add file"],
  [`${DEVICE_GROUP}/target_groups/mgmt`, "create tg"],
  [`${DEVICE_GROUP}/target_groups/tg/group_id`, "5"],
  [`${DEVICE_GROUP}/target_groups/tg/mgmt`, `add ${T}`],
  [`${DEVICE_GROUP}/target_groups/tg/mgmt`, `add ${FAR}`],
  [`${DEVICE_GROUP}/target_groups/tg/${FAR}/rel_tgt_id`, "9"],
  [`${DEVICE_GROUP}/target_groups/tg/state`, "standby"],
  [`${DEVICE_GROUP}/target_groups/tg/preferred`, "1"],
  [`${DEVICE_GROUP}/target_groups/mgmt`, "create bare"],
  ["device_groups/mgmt", "create empty"],
];

/** The shell in which it was typed, and the model with portals. */
export async function everything(): Promise<{
  readonly shell: TreeShell;
  readonly model: ServerModel;
}> {
  const shell = new TreeShell();
  const typed = async (writes: Writes, directory = "") => {
    for (const [path, text] of writes) await shell.echo(text, `${directory}${path}`);
  };
  await typed(ROOT);
  for (const [handler, words] of DEVICES) {
    await shell.echo(`add_device ${words}`, `handlers/${handler}/mgmt`);
  }
  for (const device of shell.ls("devices")) {
    const own = shell.ls(`devices/${device}`);
    await typed(DEVICE.filter(([name]) => own.includes(name)), `devices/${device}/`);
  }
  await typed(IDENTITIES, "devices/");
  await shell.echo("/srv/cd.iso", "devices/cd/filename");
  for (const target of [T, U]) await shell.echo(`add_target ${target}`, MGMT);
  await typed(TARGET, `targets/iscsi/${T}/`);
  await typed(COPY_MANAGER, "targets/copy_manager/copy_manager_tgt/");
  await typed(COMMANDS);
  const portals = [{ hostname: "127.0.0.1", port: 3260 }, { hostname: "fd00::7", port: 3261 }];
  return { shell, model: { ...shell.administration.model, portals } };
}
