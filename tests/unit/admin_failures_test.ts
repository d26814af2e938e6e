/** What scstadmin says where nothing comes of an option, and its exit code. */
import assert from "node:assert/strict";
import { runScstadmin } from "../../lib/admin/scstadmin/run.ts";
import { TreeError } from "../../lib/admin/tree.ts";
import { admin, RecordedTree, writtenText } from "../harness/admin_call.ts";
import { AT, started, T, words } from "../harness/admin_examples.ts";

/** Failures: the exit code, and what is told. */
const FAILURES: readonly [string, number, RegExp][] = [
  [
    `-add_target ${T} -driver iscsi`,
    41,
    /WARNING: .*\n\n\tThere is a target of this name: .*EEXIST/,
  ],
  [`-add_target ${T.toUpperCase()} -driver iscsi`, 41, /There is a target of this name/],
  [`-add_target ${T}2 -driver iscsi -attributes nonsense=1`, 50, /An attribute is not known there/],
  ["-add_target nonsense -driver iscsi", 42, /The target could not be added: .*EINVAL/],
  ["-add_target x -driver nosuch", 30, /There is no such target driver/],
  ["-add_target x -driver copy_manager", 31, /Targets and attributes of this driver cannot be/],
  [`-rem_target ${T}9 -driver iscsi`, 40, /There is no such target/],
  [
    "-open_dev a -handler vdisk_nullio",
    1,
    /FATAL: .*\n\n\tThere is a device of this name: .*EEXIST/,
  ],
  ["-open_dev new -handler nosuch", 1, /There is no such handler/],
  [
    "-open_dev new -handler vdisk_nullio -attributes size=7",
    1,
    /The device could not be opened: .*size/,
  ],
  ["-close_dev nosuch -handler vdisk_nullio", 1, /There is no such device/],
  ["-close_dev a -handler vdisk_nullio", 1, /Device 'a' is in use as LUN 0 of iscsi\/iqn/],
  [`-add_lun 0 ${AT} -device b`, 1, /The LUN is taken: .*EEXIST/],
  [`-add_lun 1 ${AT} -device nosuch`, 1, /There is no such device/],
  [`-add_lun 1 ${AT}9 -device b`, 1, /There is no such target/],
  [`-add_lun 1 ${AT} -group nosuch -device b`, 1, /There is no such group/],
  [`-add_lun 99999 ${AT} -device b`, 1, /The LUN could not be added: .*EINVAL/],
  [`-rem_lun 9 ${AT}`, 1, /There is no such LUN/],
  [`-rem_group g ${AT}`, 1, /Group 'iscsi\/.*\/g' is not empty\. Use -force/],
  [`-add_group g ${AT}`, 1, /There is a group of this name/],
  [`-rem_init nobody ${AT} -group g`, 1, /The group has no such initiator/],
  [`-move_init iqn.x:* ${AT} -group g -to nosuch`, 1, /There is no such group/],
  ["-rem_dgrp dg", 1, /Device group 'dg' is not empty\. Use -force/],
  ["-add_dgrp dg", 1, /There is a device group of this name/],
  ["-add_dgrp_dev a -dev_group dg", 1, /The device group has this device/],
  ["-add_dgrp_dev a -dev_group empty", 1, /The device is in another device group/],
  ["-rem_dgrp_dev a -dev_group dg", 1, /Device group 'dg' has targets\. Use -force/],
  ["-rem_tgrp tg -dev_group dg", 1, /Target group 'tg' has targets\. Use -force/],
  [`-add_tgrp_tgt ${T} -dev_group dg -tgt_group tg`, 1, /The target group has this target/],
  [
    `-set_tgt_attr ${T} -driver iscsi -attributes QueuedCommands=0`,
    1,
    /The attribute could not be set: .*EINVAL/,
  ],
  [`-set_tgt_attr ${T}9 -driver iscsi -attributes QueuedCommands=1`, 1, /FATAL/],
  [
    "-set_tgrp_attr tg -dev_group dg -attributes state=asleep",
    0,
    /WARNING: The attribute could not be set/,
  ],
  ["-set_dev_attr a -attributes nonsense=1", 0, /WARNING: device a has no attribute 'nonsense'/],
  [
    "-set_dev_attr a -attributes blocksize=512",
    0,
    /WARNING: device a does not let anybody set 'blocksize'/,
  ],
  ["-set_dev_attr a -attributes prod_id=a", 0, /'prod_id' is 'a' already/],
  [`-add_tgt_attr ${T} -driver iscsi -attributes alias=x`, 1, /An attribute is not known there/],
  [`-set_init_attr iqn.x:* ${AT} -group g -attributes x=1`, 1, /An initiator has no attributes/],
];

for (const [line, expected, pattern] of FAILURES) {
  Deno.test(`${line} says why nothing comes of it, and exits with ${expected}`, async () => {
    const tree = await started();
    const before = await writtenText(tree);
    const { code, out } = await admin(tree, [...words(line), "-noprompt"]);
    assert.match(out, pattern);
    assert.equal(code, expected);
    assert.equal(await writtenText(tree), before);
  });
}

Deno.test("without a server the exit code is 2, and the reason is told", async () => {
  const table: [() => Promise<RecordedTree>, RegExp][] = [
    [
      () => Promise.reject(new Error("Nobody listens")),
      /Is the server running\? Nobody listens\n$/,
    ],
    [() => {
      const tree = new RecordedTree();
      tree.read = () => Promise.reject(new TreeError("EIO", "It is gone"));
      return Promise.resolve(tree);
    }, /Is the server running\? It is gone\n$/],
  ];
  for (const [connect, pattern] of table) {
    const lines: string[] = [];
    const code = await runScstadmin(["-list_driver"], connect, {
      print: (text) => lines.push(`${text}\n`),
      confirm: () => true,
      readFile: () => "",
      writeFile: () => {},
    });
    assert.equal(code, 2);
    assert.match(lines.join(""), pattern);
  }
});
