/** scstadmin's -config and -check_config over SCST's tree. */
import assert from "node:assert/strict";
import { admin, applyText, changesOf, RecordedTree, writtenText } from "../harness/admin_call.ts";
import { checkWell, FULL, T } from "../harness/admin_examples.ts";
import { CONF_EXAMPLES } from "../harness/scst_confs.ts";

Deno.test("-config writes what SCST's tree has to see, in scstadmin's order", async () => {
  const tree = new RecordedTree();
  const result = await applyText(tree, FULL);
  checkWell(result);
  assert.deepEqual(result.writes, [
    "handlers/vcdrom/mgmt <- add_device cd ",
    "handlers/vdisk_nullio/mgmt <- add_device a ",
    "handlers/vdisk_nullio/mgmt <- add_device b size_mb=10;",
    "devices/b/prod_id <- a b",
    `targets/iscsi/mgmt <- add_target ${T} `,
    `targets/iscsi/mgmt <- add_target_attribute ${T} IncomingUser joe 12charsecret`,
    `targets/iscsi/${T}/HeaderDigest <- CRC32C,None`,
    `targets/iscsi/${T}/luns/mgmt <- add a 0 `,
    `targets/iscsi/${T}/luns/mgmt <- add b 1 read_only=1;`,
    `targets/iscsi/${T}/ini_groups/mgmt <- create g`,
    `targets/iscsi/${T}/ini_groups/g/luns/mgmt <- add cd 0 `,
    `targets/iscsi/${T}/ini_groups/g/addr_method <- FLAT\\n`,
    `targets/iscsi/${T}/ini_groups/g/initiators/mgmt <- add iqn.x:*`,
    "targets/iscsi/mgmt <- add_attribute IncomingUser finder 12charsecret",
    "device_groups/mgmt <- create dg",
    "device_groups/dg/devices/mgmt <- add a",
    "device_groups/dg/target_groups/mgmt <- add here",
    `device_groups/dg/target_groups/here/mgmt <- add ${T}`,
    "device_groups/dg/target_groups/here/group_id <- 1\\n",
    "device_groups/dg/target_groups/here/state <- nonoptimized\\n",
    "device_groups/dg/target_groups/mgmt <- add there",
    "device_groups/dg/target_groups/there/mgmt <- add remote",
    "device_groups/dg/target_groups/there/remote/rel_tgt_id <- 11\\n",
    "device_groups/dg/target_groups/there/group_id <- 2\\n",
    "device_groups/dg/target_groups/there/preferred <- 1\\n",
    `targets/iscsi/${T}/enabled <- 1`,
    "setup_id <- 0x1234\\n",
  ]);
  // Both digests are the default, in whatever order they are written.
  assert.equal(changesOf(result), 26);
});

Deno.test("-config makes no change when it is run again, with -force neither", async () => {
  const tree = new RecordedTree();
  await applyText(tree, FULL);
  const saved = await writtenText(tree);
  for (const options of [[], ["-force"]]) {
    const again = await applyText(tree, FULL, ...options);
    checkWell(again);
    assert.equal(changesOf(again), 0, again.out);
    assert.equal(await writtenText(tree), saved);
  }
});

for (const { title, text } of CONF_EXAMPLES) {
  Deno.test(`-config applies ${title}, and makes no change the second time`, async () => {
    const tree = new RecordedTree();
    // Without it a driver that is not here ends everything, as with scstadmin.
    const first = await applyText(tree, text, "-cont_on_err");
    assert.equal(changesOf(first) > 0, /HANDLER\s+v/.test(text), first.out);
    assert.doesNotMatch(first.out, /failed\./);
    const saved = await writtenText(tree);
    const second = await applyText(tree, text, "-cont_on_err");
    assert.equal(changesOf(second), 0, second.out);
    assert.equal(await writtenText(tree), saved);
  });
}

Deno.test("-config without -force removes nothing and tells of what is not in the file", async () => {
  const tree = new RecordedTree();
  await applyText(tree, FULL);
  const before = await writtenText(tree);
  const small = `HANDLER vdisk_nullio {\nDEVICE a\n}\nTARGET_DRIVER iscsi {\nenabled 1\n` +
    `TARGET ${T} {\nenabled 1\nLUN 0 a\nGROUP other\n}\n}\n`;
  const result = await applyText(tree, small);
  checkWell(result);
  assert.deepEqual(result.writes, [`targets/iscsi/${T}/ini_groups/mgmt <- create other`]);
  for (
    const remark of [
      `Device 'b' at LUN 1 of 'iscsi/${T}' is not in the configuration. Use -force to remove it.`,
      `Group 'iscsi/${T}/g' is not in the configuration. Use -force to remove it.`,
      "Device 'cd' is not in the configuration. Use -force to close it.",
      `IncomingUser 'joe' of target iscsi/${T} is not in the configuration. Use -force to remove it.`,
      "IncomingUser 'finder' of driver iscsi is not in the configuration. Use -force to remove it.",
      `Initiator 'iqn.x:*' of 'iscsi/${T}/g' is not there in the configuration. Use -force to remove it.`,
      "device group 'dg' is not in the configuration. Use -force to remove it.",
    ]
  ) {
    assert.ok(result.out.includes(remark), `${remark}\n${result.out}`);
  }
  await admin(tree, ["-rem_group", "other", "-driver", "iscsi", "-target", T, "-noprompt"]);
  assert.equal(await writtenText(tree), before);
});

Deno.test("-config -force leaves what is in the file and nothing else", async () => {
  const tree = new RecordedTree();
  await applyText(tree, FULL);
  await admin(tree, ["-add_target", `${T}2`, "-driver", "iscsi"]);
  const small = `HANDLER vdisk_nullio {\nDEVICE a\n}\nTARGET_DRIVER iscsi {\nenabled 1\n` +
    `TARGET ${T} {\nenabled 1\nLUN 3 a\nGROUP h {\nINITIATOR iqn.z\n}\n}\n}\n`;
  const result = await applyText(tree, small, "-force");
  checkWell(result);
  const fresh = new RecordedTree();
  await applyText(fresh, small);
  const bare = (text: string) =>
    text.replace("setup_id 0x1234\n\n", "").replace(/\tLUN \d a\n/, "");
  assert.equal(bare(await writtenText(tree)), bare(await writtenText(fresh)));
  assert.equal(changesOf(await applyText(tree, small, "-force")), 0);
});

Deno.test("-config -force opens a device anew that is configured differently, and adds its LUNs again", async () => {
  const tree = new RecordedTree();
  await applyText(tree, FULL);
  const other = FULL.replace("size_mb 10", "size_mb 20");
  const told = await applyText(tree, other);
  assert.match(told.out, /Device 'b' is configured differently/);
  assert.deepEqual(changesOf(told), 0);
  const result = await applyText(tree, other, "-force");
  checkWell(result);
  assert.deepEqual(
    result.writes.filter((text) => / b\b/.test(text)),
    [
      "handlers/vdisk_nullio/mgmt <- del_device b",
      "handlers/vdisk_nullio/mgmt <- add_device b size_mb=20;",
      `targets/iscsi/${T}/luns/mgmt <- add b 1 read_only=1;`,
      "devices/b/prod_id <- a b",
    ].sort((x, y) => result.writes.indexOf(x) - result.writes.indexOf(y)),
  );
  assert.equal(changesOf(await applyText(tree, other, "-force")), 0);
});

Deno.test("-config -force exchanges LUNs, moves initiators, and changes secrets in place", async () => {
  const tree = new RecordedTree();
  await applyText(tree, FULL);
  const other = FULL.replace("LUN 0 a", "LUN 0 b").replace(
    "LUN 1 b {\n      read_only 1",
    "LUN 1 a {",
  )
    .replace("joe 12charsecret", "joe another12charsecret")
    .replace("      INITIATOR iqn.x:*\n", "")
    .replace("GROUP g {", "GROUP first {\n      INITIATOR iqn.x:*\n    }\n    GROUP g {");
  const result = await applyText(tree, other, "-force");
  checkWell(result);
  for (
    const write of [
      `targets/iscsi/${T}/luns/mgmt <- del 0`,
      `targets/iscsi/${T}/luns/mgmt <- add b 0 `,
      `targets/iscsi/${T}/luns/mgmt <- add a 1 `,
      `targets/iscsi/${T}/IncomingUser <- joe another12charsecret`,
      `targets/iscsi/${T}/ini_groups/g/initiators/mgmt <- move iqn.x:* first`,
    ]
  ) {
    assert.ok(result.writes.includes(write), `${write}\n${result.writes.join("\n")}`);
  }
  assert.equal(changesOf(await applyText(tree, other, "-force")), 0);
});

Deno.test("-config disables what the file does not enable", async () => {
  const tree = new RecordedTree();
  await applyText(tree, FULL);
  const result = await applyText(tree, FULL.replaceAll(/^ +enabled 1\n/gm, ""));
  assert.deepEqual(result.writes.slice(-2), [
    `targets/iscsi/${T}/enabled <- 0`,
    "targets/iscsi/enabled <- 0\\n",
  ]);
  assert.equal(changesOf(result), 2);
});

Deno.test("-config stops at the first error, and with -cont_on_err at none", async () => {
  const text = FULL.replace("DEVICE a\n", "DEVICE a {\n    blocksize 3\n  }\n");
  const stopped = await applyText(new RecordedTree(), text);
  assert.equal(stopped.code, 1);
  assert.match(stopped.out, /Opening device 'a' using handler 'vdisk_nullio': failed\./);
  assert.match(
    stopped.out,
    /FATAL: .*\n\n\tThe device could not be opened: .*blocksize.*\(EINVAL\)/,
  );
  assert.equal(stopped.writes.at(-1), "handlers/vdisk_nullio/mgmt <- add_device a blocksize=3;");
  const tree = new RecordedTree();
  const survived = await applyText(tree, text, "-cont_on_err");
  assert.equal(survived.code, 0);
  assert.match(await writtenText(tree), /LUN 1 b/);
  assert.doesNotMatch(await writtenText(tree), /LUN 0 a/);
});

Deno.test("-config changes nothing when the file has a mistake, and names its line", async () => {
  const tree = new RecordedTree();
  const result = await applyText(tree, `${FULL}TARGET_DRIVER iscsi\n{\n}\n`);
  assert.equal(result.code, 1);
  assert.match(result.out, /FATAL: /);
  const last = FULL.split("\n").length;
  assert.ok(
    result.out.includes(`scst.conf:${last}:1: TARGET_DRIVER iscsi is given twice`),
    result.out,
  );
  assert.ok(result.out.includes(`scst.conf:${last + 1}:1: This line begins with "{"`), result.out);
  assert.deepEqual(result.writes, []);
});

Deno.test("-config of an empty file does nothing and is no error", async () => {
  const result = await applyText(new RecordedTree(), "# nothing\n\n");
  assert.equal(result.code, 0);
  assert.match(result.out, /WARNING: The configuration is empty/);
  assert.deepEqual(result.writes, []);
});

Deno.test("-config of a file that cannot be read is an error", async () => {
  const result = await admin(new RecordedTree(), ["-config", "none"]);
  assert.equal(result.code, 1);
  assert.match(result.out, /FATAL: .*\n\n\tCannot read none: there is none\./);
});

Deno.test("-check_config warns of what is left out, and refuses what cannot be", async () => {
  const table: [string, number, RegExp][] = [
    [FULL, 0, /Done, 0 warning\(s\) found/],
    ["HANDLER dev_disk {\nDEVICE 1:0:0:0\n}\n", 0, /There is no handler 'dev_disk'/],
    ["TARGET_DRIVER qla2x00t {\nTARGET x\n}\n", 0, /Target driver 'qla2x00t' is not available/],
    ["setup_id 1\n", 1, /FATAL: There are neither drivers nor handlers/],
    [FULL.replace("LUN 0 a", "LUN 0 c"), 0, /Device 'c' of LUN 0 of 'iscsi\/.*' is in no handler/],
    [FULL.replace("LUN 0 a\n", ""), 0, /There is no LUN 0 in 'iscsi\//],
    [FULL.replace("DEVICE a\n  TARGET_G", "DEVICE z\n  TARGET_G"), 0, /Device 'z' of device group/],
    [
      FULL.replace("GROUP g {", "GROUP h {\nINITIATOR iqn.x:*\n}\nGROUP g {"),
      1,
      /FATAL: Initiator 'iqn\.x:\*' is in the groups 'g' and 'h'/,
    ],
    [
      "HANDLER vcdrom {\nDEVICE c\n}\nTARGET_DRIVER copy_manager {\nTARGET x\n}\n",
      1,
      /FATAL: Target 'x' of driver 'copy_manager' does not exist/,
    ],
    [
      "HANDLER vcdrom {\nDEVICE a/b\n}\n",
      1,
      /FATAL: The name of device 'a\/b' may not have a '\/'/,
    ],
    ["HANDLER vcdrom {\nDEVICE /dev/cd\n}\n", 0, /Device '\/dev\/cd' is taken for 'cd'/],
  ];
  for (const [text, expected, pattern] of table) {
    const tree = new RecordedTree();
    const files = new Map([["f", text]]);
    const { code, out, writes } = await admin(tree, ["-check_config", "f"], { files });
    assert.match(out, pattern);
    assert.equal(code, expected, out);
    assert.deepEqual(writes, []);
    if (expected !== 0) {
      const applied = await applyText(tree, text);
      assert.equal(applied.code, 1);
      assert.deepEqual(applied.writes, []);
    }
  }
});
