/** The options of scstadmin: what each writes, what it needs, what it says, and its exit code. */
import assert from "node:assert/strict";
import { helpText } from "../../lib/admin/scstadmin/help.ts";
import {
  OPERATIONS,
  parseAttributes,
  parseOptions,
  SWITCHES,
} from "../../lib/admin/scstadmin/options.ts";
import { runScstadmin } from "../../lib/admin/scstadmin/run.ts";
import { TreeError } from "../../lib/admin/tree.ts";
import type { SessionView } from "../../lib/admin/engine.ts";
import { OfflineEngine } from "../../lib/admin/offline_engine.ts";
import { admin, applyText, changesOf, RecordedTree, writtenText } from "../harness/admin_call.ts";
import { sessionView } from "../harness/session_view.ts";
import { TreeShell } from "../harness/tree_shell.ts";

const T = "iqn.2026-11.org.example:t";
const TARGET = `targets/iscsi/${T}`;

const START = `
HANDLER vdisk_nullio {
  DEVICE a
  DEVICE b
  DEVICE spare
}
HANDLER vcdrom {
  DEVICE cd
}
TARGET_DRIVER iscsi {
  enabled 1
  IncomingUser "finder 12charsecret"
  TARGET ${T} {
    IncomingUser "joe 12charsecret"
    LUN 0 a
    GROUP g {
      LUN 0 b
      INITIATOR iqn.x:*
    }
    GROUP empty
  }
}
DEVICE_GROUP dg {
  DEVICE a
  TARGET_GROUP tg {
    group_id 1
    TARGET ${T}
    TARGET remote {
      rel_tgt_id 7
    }
  }
}
DEVICE_GROUP empty
`;

async function started(): Promise<RecordedTree> {
  const tree = new RecordedTree();
  const { code, out } = await applyText(tree, START);
  assert.equal(code, 0, out);
  return tree;
}

/** Words, of which those in quotes may have blanks. */
function words(line: string): string[] {
  return (line.match(/"[^"]*"|\S+/g) ?? []).map((word) => word.replaceAll('"', ""));
}

const AT = `-driver iscsi -target ${T}`;

/** What is asked for, and what is written: one call each, on a server with START. */
const WRITES: readonly [string, ...string[]][] = [
  ["-open_dev new -handler vdisk_nullio", "handlers/vdisk_nullio/mgmt <- add_device new "],
  [
    '-open_dev new -handler vdisk_nullio -attributes "read_only,blocksize=4096,prod_id=a b"',
    "handlers/vdisk_nullio/mgmt <- add_device new read_only=1;blocksize=4096;",
    "devices/new/prod_id <- a b",
  ],
  ["-close_dev spare -handler vdisk_nullio", "handlers/vdisk_nullio/mgmt <- del_device spare"],
  ["-close_dev a -handler vdisk_nullio -force", "handlers/vdisk_nullio/mgmt <- del_device a"],
  [`-add_target ${T}2 -driver iscsi`, `targets/iscsi/mgmt <- add_target ${T}2 `],
  [
    `-add_target ${T}2 -driver iscsi -attributes QueuedCommands=10`,
    `targets/iscsi/mgmt <- add_target ${T}2 QueuedCommands=10;`,
  ],
  [
    `-rem_target ${T} -driver iscsi`,
    `${TARGET}/enabled <- 0`,
    `targets/iscsi/mgmt <- del_target ${T}`,
  ],
  [`-enable_target ${T} -driver iscsi`, `${TARGET}/enabled <- 1`],
  [`-disable_target ${T} -driver iscsi`],
  [`-add_lun 1 ${AT} -device b`, `${TARGET}/luns/mgmt <- add b 1 `],
  [
    `-add_lun 1 ${AT} -device b -group g -attributes read_only=1`,
    `${TARGET}/ini_groups/g/luns/mgmt <- add b 1 read_only=1;`,
  ],
  [`-replace_lun 0 ${AT} -device b`, `${TARGET}/luns/mgmt <- replace b 0 `],
  [`-rem_lun 0 ${AT}`, `${TARGET}/luns/mgmt <- del 0`],
  [`-rem_lun 0 ${AT} -group g`, `${TARGET}/ini_groups/g/luns/mgmt <- del 0`],
  [`-clear_luns ${AT}`, `${TARGET}/luns/mgmt <- clear`],
  [`-clear_luns ${AT} -group g`, `${TARGET}/ini_groups/g/luns/mgmt <- clear`],
  [`-add_group h ${AT}`, `${TARGET}/ini_groups/mgmt <- create h`],
  [`-rem_group empty ${AT}`, `${TARGET}/ini_groups/mgmt <- del empty`],
  [`-rem_group g ${AT} -force`, `${TARGET}/ini_groups/mgmt <- del g`],
  [`-add_init iqn.y ${AT} -group g`, `${TARGET}/ini_groups/g/initiators/mgmt <- add iqn.y`],
  [`-add_init iqn.x:* ${AT} -group empty`],
  [`-rem_init iqn.x:* ${AT} -group g`, `${TARGET}/ini_groups/g/initiators/mgmt <- del iqn.x:*`],
  [
    `-move_init iqn.x:* ${AT} -group g -to empty`,
    `${TARGET}/ini_groups/g/initiators/mgmt <- move iqn.x:* empty`,
  ],
  [`-clear_inits ${AT} -group g`, `${TARGET}/ini_groups/g/initiators/mgmt <- clear`],
  ["-add_dgrp new", "device_groups/mgmt <- create new"],
  ["-rem_dgrp empty", "device_groups/mgmt <- del empty"],
  ["-rem_dgrp dg -force", "device_groups/mgmt <- del dg"],
  ["-add_dgrp_dev b -dev_group dg", "device_groups/dg/devices/mgmt <- add b"],
  ["-rem_dgrp_dev a -dev_group dg -force", "device_groups/dg/devices/mgmt <- del a"],
  ["-add_tgrp new -dev_group dg", "device_groups/dg/target_groups/mgmt <- add new"],
  ["-rem_tgrp tg -dev_group dg -force", "device_groups/dg/target_groups/mgmt <- del tg"],
  [
    "-add_tgrp_tgt other -dev_group dg -tgt_group tg",
    "device_groups/dg/target_groups/tg/mgmt <- add other",
  ],
  [
    "-rem_tgrp_tgt remote -dev_group dg -tgt_group tg",
    "device_groups/dg/target_groups/tg/mgmt <- del remote",
  ],
  [
    '-add_drv_attr iscsi -attributes "IncomingUser=ann 12charsecret"',
    "targets/iscsi/mgmt <- add_attribute IncomingUser ann 12charsecret",
  ],
  [
    '-rem_drv_attr iscsi -attributes "IncomingUser=finder 12charsecret"',
    "targets/iscsi/mgmt <- del_attribute IncomingUser finder 12charsecret",
  ],
  [
    `-add_tgt_attr ${T} -driver iscsi -attributes "IncomingUser=ann 12charsecret,allowed_portal=10.*"`,
    `targets/iscsi/mgmt <- add_target_attribute ${T} IncomingUser ann 12charsecret`,
    `targets/iscsi/mgmt <- add_target_attribute ${T} allowed_portal 10.*`,
  ],
  [
    `-rem_tgt_attr ${T} -driver iscsi -attributes "IncomingUser=joe 12charsecret"`,
    `targets/iscsi/mgmt <- del_target_attribute ${T} IncomingUser joe 12charsecret`,
  ],
  [`-add_tgt_attr ${T} -driver iscsi -attributes "IncomingUser=joe 12charsecret"`],
  [`-rem_tgt_attr ${T} -driver iscsi -attributes "IncomingUser=nobody 12charsecret"`],
  ["-set_scst_attr -attributes setup_id=0x12", "setup_id <- 0x12\\n"],
  ["-set_hnd_attr vcdrom -attributes trace_level=all", "handlers/vcdrom/trace_level <- all\\n"],
  [
    "-set_dev_attr a -attributes prod_id=xyz,usn=1",
    "devices/a/prod_id <- xyz",
    "devices/a/usn <- 1",
  ],
  ["-set_drv_attr iscsi -attributes link_local=0", "targets/iscsi/link_local <- 0\\n"],
  [
    `-set_tgt_attr ${T} -driver iscsi -attributes HeaderDigest=CRC32C\\,None,QueuedCommands=64`,
    `${TARGET}/HeaderDigest <- CRC32C,None`,
    `${TARGET}/QueuedCommands <- 64`,
  ],
  [
    `-set_grp_attr g ${AT} -attributes addr_method=FLAT`,
    `${TARGET}/ini_groups/g/addr_method <- FLAT\\n`,
  ],
  [
    "-set_tgrp_attr tg -dev_group dg -attributes state=offline",
    "device_groups/dg/target_groups/tg/state <- offline\\n",
  ],
  [
    "-set_ttgt_attr remote -dev_group dg -tgt_group tg -attributes rel_tgt_id=9",
    "device_groups/dg/target_groups/tg/remote/rel_tgt_id <- 9\\n",
  ],
  ["-issue_lip"],
];

for (const [line, ...writes] of WRITES) {
  Deno.test(`${line} writes what SCST's tree has to see`, async () => {
    const tree = await started();
    const result = await admin(tree, [...words(line), "-noprompt"]);
    assert.equal(result.code, 0, result.out);
    assert.doesNotMatch(result.out, /failed|WARNING|FATAL/);
    assert.deepEqual(result.writes, writes);
    assert.match(result.out, /\n-> Making requested changes\.\n/);
    assert.match(result.out, /\nAll done\.\n$/);
  });
}

Deno.test("every option that changes something is among those whose writes are tested", () => {
  const tested = new Set(WRITES.map(([line]) => line.split(" ")[0]));
  // Of a LUN, an initiator and a device group nothing can be set; a size is looked at elsewhere.
  const others = ["-set_lun_attr", "-set_init_attr", "-set_dgrp_attr", "-resync_dev"];
  const missing = OPERATIONS.filter(({ isQuery, option }) => !isQuery && !option.endsWith("config"))
    .map(({ option }) => `-${option}`).filter((name) => !tested.has(name));
  assert.deepEqual(missing, others.toSorted((a, b) => missing.indexOf(a) - missing.indexOf(b)));
});

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

/** Command lines that are wrong, which reach no server. */
const USAGE: readonly [string, string][] = [
  ["", "No valid operations specified: there is help with -h.\n"],
  ["-noprompt", "No valid operations specified: there is help with -h.\n"],
  ["-open_dev d", "-open_dev needs -handler as well.\n"],
  ["-add_lun 0 -driver iscsi", "-add_lun needs -driver, -target, -device as well.\n"],
  ["-set_dev_attr a", "-set_dev_attr needs -attributes as well.\n"],
  ["-list_tgrp", "-list_tgrp needs -dev_group as well.\n"],
  ["-open_dev -handler h", "-open_dev needs a value.\n"],
  ["-add_target", "-add_target needs a value.\n"],
  ["-clear_config", "-clear_config needs -force as well.\n"],
  ["-force=1 -list_driver", "-force takes no value.\n"],
  [
    "-add_dgrp a -rem_dgrp b",
    "Only queries can be combined, and here are -add_dgrp, -rem_dgrp.\n",
  ],
  [
    "-list_driver -add_dgrp a",
    "Only queries can be combined, and here are -list_driver, -add_dgrp.\n",
  ],
  [
    "-list_divice",
    "There is no option -list_divice: -list_device is alike.\n",
  ],
  ["-add_dg x", "-add_dg may be -add_dgrp or -add_dgrp_dev.\n"],
  ["list_driver", "'list_driver' belongs to no option.\n"],
  ["-list_driver a b", "'b' belongs to no option.\n"],
  ["-add_dgrp a/b", "A name has no \"/\" and no blanks: 'a/b' has.\n"],
  ['-add_dgrp "a b"', "A name has no \"/\" and no blanks: 'a b' has.\n"],
  [
    "-set_scst_attr -attributes =5",
    "-attributes is NAME=VALUE,NAME=VALUE: '=5' is not of that kind.\n",
  ],
];

for (const [line, expected] of USAGE) {
  Deno.test(`a command line "${line}" is refused in one sentence, with the exit code 1`, async () => {
    const lines: string[] = [];
    const code = await runScstadmin(words(line), () => Promise.reject(new Error("not to be")), {
      print: (text) => lines.push(`${text}\n`),
      confirm: () => true,
      readFile: () => "",
      writeFile: () => {},
    });
    assert.equal(lines.join(""), expected);
    assert.equal(code, 1);
  });
}

Deno.test("options take two dashes, any case, a value behind '=', and are cut short where it is clear", () => {
  for (
    const line of [
      "-add_dgrp_dev d -dev_group g",
      "--add_dgrp_dev=d --dev_group=g",
      "-ADD_DGRP_D d -Dev_Group g",
    ]
  ) {
    const { requests: [request] } = parseOptions(words(line));
    assert.equal(request?.operation.option, "add_dgrp_dev");
    assert.equal(request?.input.value, "d");
    assert.equal(request?.input.get("dev_group"), "g");
  }
});

Deno.test("an option whose value may be missing leaves the next option alone", () => {
  const { requests, switches } = parseOptions(["-list_device", "-nonkey", "-list_driver", "iscsi"]);
  assert.deepEqual(requests.map(({ operation, input }) => [operation.option, input.value]), [
    ["list_device", ""],
    ["list_driver", "iscsi"],
  ]);
  assert.ok(switches.has("nonkey"));
});

Deno.test("parseAttributes() takes commas behind a backslash, values of several, and 1 for none", () => {
  assert.deepEqual([...parseAttributes("a=1,b,c=x=y,d=p\\,q,a=2")], [
    ["a", ["1", "2"]],
    ["b", ["1"]],
    ["c", ["x=y"]],
    ["d", ["p,q"]],
  ]);
});

Deno.test("what takes something away is asked for first, unless -noprompt is given", async () => {
  const tree = await started();
  const asking = OPERATIONS.filter(({ asks }) => asks === true).map(({ option }) => option);
  assert.ok(asking.length > 15);
  const line = words(`-rem_lun 0 ${AT}`);
  const refused = await admin(tree, line);
  assert.equal(refused.code, 0);
  assert.match(refused.out, /Continue \(y\/\[n\]\) \?\nAborting action\.\n/);
  assert.deepEqual(refused.writes, []);
  const agreed = await admin(tree, line, { yes: true });
  assert.deepEqual(agreed.writes, [`${TARGET}/luns/mgmt <- del 0`]);
  const files = new Map([["f", START]]);
  assert.doesNotMatch((await admin(tree, ["-config", "f"], { files })).out, /Aborting/);
  assert.match((await admin(tree, ["-config", "f", "-force"], { files })).out, /Aborting/);
});

Deno.test("-debug shows what would be written, and writes nothing", async () => {
  const tree = await started();
  const before = await writtenText(tree);
  const { out, writes } = await admin(tree, words(`-noprompt -debug -rem_lun 0 ${AT}`));
  assert.ok(out.includes(`DEBUG: 'del 0' -> ${TARGET}/luns/mgmt\n`), out);
  assert.deepEqual(writes, []);
  assert.equal(await writtenText(tree), before);
});

Deno.test("-resync_dev has the size looked at again", async () => {
  const tree = new RecordedTree();
  const path = await Deno.makeTempFile({ prefix: "scst_admin_" });
  try {
    await admin(tree, [
      "-open_dev",
      "d",
      "-handler",
      "vdisk_fileio",
      "-attributes",
      `filename=${path}`,
    ]);
    const { code, out, writes } = await admin(tree, ["-resync_dev", "d"]);
    assert.equal(code, 0, out);
    assert.deepEqual(writes, ["devices/d/resync_size <- 1"]);
  } finally {
    await Deno.remove(path);
  }
  assert.equal((await admin(await started(), ["-resync_dev", "a"])).code, 29);
});

const HOST = "iqn.2026-11.org.example:host";

/** One session, which ends when it is closed. */
class OneSession extends OfflineEngine {
  readonly closed: string[] = [];
  override readonly sessions: SessionView[] = [sessionView(HOST, T)];
  override readonly closeSession = (sid: string) => {
    this.closed.push(sid);
    this.sessions.length = 0;
    return Promise.resolve(undefined);
  };
}

Deno.test("-rem_target closes the sessions of the target and waits for their end", async () => {
  const engine = new OneSession();
  const tree = new RecordedTree(new TreeShell(engine));
  await applyText(tree, START);
  const listed = await admin(tree, ["-list_sessions"]);
  assert.match(listed.out, /\tSession: iqn\.2026-11\.org\.example:host\n/);
  assert.match(listed.out, /\tInitialR2T +No +Yes +No /);
  assert.match(listed.out, /\tLUN 0 +a +Yes +No /);
  const { code, out, writes } = await admin(tree, [
    "-noprompt",
    "-rem_target",
    T,
    "-driver",
    "iscsi",
  ]);
  assert.equal(code, 0, out);
  assert.deepEqual(engine.closed, [HOST]);
  assert.deepEqual(writes, [
    `${TARGET}/enabled <- 0`,
    `${TARGET}/sessions/iqn.2026-11.org.example:host/force_close <- 1`,
    `targets/iscsi/mgmt <- del_target ${T}`,
  ]);
});

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

Deno.test("-h names every option and has examples that are command lines", async () => {
  const { code, out } = await admin(new RecordedTree(), ["-h"]);
  assert.equal(code, 0);
  assert.equal(out, `${helpText()}\n`);
  for (const { option } of OPERATIONS) assert.match(out, new RegExp(`^  -${option}\\b`, "m"));
  for (const name of Object.keys(SWITCHES)) assert.match(out, new RegExp(`^  -${name}\\b`, "m"));
  const examples = out.slice(out.indexOf("\nExamples:\n")).match(/^ {2}scst admin (.*)$/gm) ?? [];
  assert.ok(examples.length > 5);
  for (const example of examples) {
    assert.equal(parseOptions(words(example).slice(2)).requests.length, 1, example);
  }
});

Deno.test("no secret is on the screen when a configuration is applied", async () => {
  const tree = new RecordedTree();
  const { out } = await applyText(tree, START);
  assert.doesNotMatch(out, /12charsecret/);
  const other = await applyText(tree, START.replaceAll("12charsecret", "another12char"), "-force");
  assert.equal(changesOf(other), 2);
  assert.doesNotMatch(other.out, /another12char/);
});
