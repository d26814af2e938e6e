/** The options of scstadmin that only show something. */
import assert from "node:assert/strict";
import { OPERATIONS } from "../../lib/admin/scstadmin/options.ts";
import { admin } from "../harness/admin_call.ts";
import { AT, started, T, words } from "../harness/admin_examples.ts";

/** Queries: what they show, and their exit codes. */
const QUERIES: readonly [string, number, string][] = [
  ["-list_handler", 0, "\tHandler\n\t-------------\n\tvcdrom\n\tvdisk_blockio\n\tvdisk_fileio\n"],
  [
    "-list_handler vdisk_nullio",
    0,
    "\tHandler          Device\n\t----------------------\n\tvdisk_nullio    a    \n\t                b    \n",
  ],
  ["-list_handler nosuch", 0, "There is no handler 'nosuch'.\n"],
  ["-list_device", 0, "\tvcdrom           cd   \n\tvdisk_blockio    -    \n"],
  ["-list_device nosuch", 0, "There is no device 'nosuch'.\n"],
  ["-list_dgrp", 0, "\tDevice Group\n\t------------\n\tdg\n\n\tempty\n\n"],
  [
    "-list_dgrp dg",
    0,
    "\tDevices\n\t-------\n\ta\n\n\tTarget Groups\n\t------------\n\ttg\n",
  ],
  ["-list_tgrp -dev_group dg", 0, "\tTarget Groups\n\t------------"],
  ["-list_tgrp tg -dev_group dg", 0, `\tTargets\n\t-------------------------\n\t${T}\n\tremote\n`],
  ["-list_driver", 0, "\tDriver\n\t------------\n\tcopy_manager\n\tiscsi\n"],
  ["-list_driver nosuch", 0, "There is no driver 'nosuch'.\n"],
  ["-list_target", 0, `\tDriver       Target                   \n`],
  [`-list_target ${T} -driver iscsi`, 0, "Assigned LUNs:\n\n\tLUN  Device\n\t------\n\t0    a\n"],
  ["-list_target nosuch -driver iscsi", 0, "There is no target in 'iscsi/nosuch'.\n"],
  [
    `-list_group g ${AT}`,
    0,
    "Assigned Initiators:\n\n\tInitiator\n\t-------\n\tiqn.x:*\n",
  ],
  [`-list_group empty ${AT}`, 0, "Group 'empty' has no LUNs and no initiators.\n"],
  ["-list_sessions", 0, `Driver/Target: iscsi/${T}\n\n\t(no sessions)\n`],
  [
    "-list_scst_attr",
    0,
    "\tAttribute     Value     Writable      KEY\n\t-----------------------------------------\n\t(none)\n",
  ],
  ["-list_scst_attr -nonkey", 0, "\tlast_sysfs_mgmt_res "],
  [
    "-list_hnd_attr vdisk_nullio",
    0,
    "\n\tDevice CREATE attributes available\n\t----------------------------------\n",
  ],
  ["-list_dev_attr a -nonkey", 0, "\tprod_id "],
  [
    "-list_drv_attr iscsi",
    1,
    "\n\tDynamic attributes available\n\t----------------------------\n\tIncomingUser\n",
  ],
  [
    `-list_tgt_attr ${T} -driver iscsi`,
    0,
    "\n\tLUN CREATE attributes available\n\t-------------------------------\n\tread_only\n",
  ],
  [`-list_tgt_attr ${T}9 -driver iscsi`, 0, `There is no target 'iscsi/${T}9'.\n`],
  [`-list_grp_attr g ${AT}`, 0, "\n\tLUN CREATE attributes available\n"],
  [`-list_lun_attr 0 ${AT} -nonkey`, 0, "\tread_only     0         No            No \n"],
  [`-list_lun_attr 7 ${AT}`, 0, `There is no LUN 7 in 'iscsi/${T}'.\n`],
  [`-list_init_attr iqn.x:* ${AT} -group g`, 0, "initiator 'iqn.x:*' in "],
  ["-list_dgrp_attr dg", 0, "\t(none)\n"],
  [
    "-list_tgrp_attr tg -dev_group dg",
    0,
    "\tgroup_id      1          Yes           Yes\n\tstate         active     Yes           Yes\n",
  ],
  [
    "-list_ttgt_attr remote -dev_group dg -tgt_group tg",
    0,
    "\trel_tgt_id     7         Yes           Yes\n",
  ],
  ["-list_driver -list_handler", 0, "\tiscsi\n"],
  ["-dumpAttrs", 0, "devices/a/type = 0 - Direct-access device"],
];

for (const [line, expected, part] of QUERIES) {
  Deno.test(`${line} shows what there is, writes nothing, and exits with ${expected}`, async () => {
    const tree = await started();
    const { code, out, writes } = await admin(tree, words(line));
    assert.ok(out.includes(part), out);
    assert.equal(code, expected);
    assert.deepEqual(writes, []);
  });
}

Deno.test("every query is among those that are tested", () => {
  const tested = new Set(QUERIES.map(([line]) => line.split(" ")[0]));
  const names = OPERATIONS.filter(({ isQuery }) => isQuery).map(({ option }) => `-${option}`);
  assert.deepEqual(names.filter((name) => !tested.has(name)), []);
});
