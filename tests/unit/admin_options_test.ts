/** The options of scstadmin that change something: what each writes, and what is asked for first. */
import assert from "node:assert/strict";
import { type SessionView } from "../../lib/admin/engine.ts";
import { OfflineEngine } from "../../lib/admin/offline_engine.ts";
import { OPERATIONS } from "../../lib/admin/scstadmin/options.ts";
import { admin, applyText, changesOf, RecordedTree, writtenText } from "../harness/admin_call.ts";
import { AT, START, started, T, TARGET, words } from "../harness/admin_examples.ts";
import { sessionView } from "../harness/session_view.ts";
import { TreeShell } from "../harness/tree_shell.ts";

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

Deno.test("no secret is on the screen when a configuration is applied", async () => {
  const tree = new RecordedTree();
  const { out } = await applyText(tree, START);
  assert.doesNotMatch(out, /12charsecret/);
  const other = await applyText(tree, START.replaceAll("12charsecret", "another12char"), "-force");
  assert.equal(changesOf(other), 2);
  assert.doesNotMatch(other.out, /another12char/);
});
