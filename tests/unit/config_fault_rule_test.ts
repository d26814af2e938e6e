/** Faults as texts: what is a rule, what is none, and that a rule is printed as it is read. */
import assert from "node:assert/strict";
import { FAULTS_MOST, parseFault, parseFaults } from "../../lib/config/fault_rule.ts";
import { printFault } from "../../lib/scst/model.ts";
import { TreeShell } from "../harness/tree_shell.ts";

Deno.test("parseFault() takes what printFault() says, and only that", () => {
  const same = [
    "read EIO",
    "read,write ENOSPC",
    "any hang",
    "sync delay=200ms",
    "write short=512 chance=0.01 seed=7",
    "discard,zero EROFS after=10 count=1 lba=0-15",
  ];
  for (const text of same) assert.equal(printFault(parseFault(text)!), text);
  const other: [string, string][] = [
    ["  write,read   EIO ", "read,write EIO"],
    ["read delay=2s", "read delay=2000ms"],
    ["read delay=600s", "read delay=600000ms"],
    ["read EIO chance=.5 seed=1 after=0", "read EIO chance=0.5"],
    ["read EIO chance=1", "read EIO"],
    ["read EIO lba=7", "read EIO lba=7-7"],
    ["read,write,sync,discard,zero EIO", "any EIO"],
  ];
  for (const [text, printed] of other) assert.equal(printFault(parseFault(text)!), printed);
  const none = [
    "",
    "read",
    "EIO",
    "EIO read",
    "erase EIO",
    "read,read EIO",
    "read, write EIO",
    "read EPERM",
    "read eio",
    "read EIO hang",
    "read delay=601s",
    "read delay=5",
    "read delay=-1ms",
    "read short=8388609",
    "sync short=1",
    "any short=1",
    "read EIO chance=0",
    "read EIO chance=1.1",
    "read EIO chance=50%",
    "read EIO count=0",
    "read EIO after=-1",
    "read EIO after=1 after=2",
    "read EIO seed=4294967296",
    "read EIO lba=5-4",
    "read EIO lba=1-2-3",
    "read EIO toString=1",
    "read EIO chance",
  ];
  for (const text of none) assert.equal(parseFault(text), undefined, text);
});

Deno.test("parseFaults() takes rules with semicolons or line breaks between them, not too many", () => {
  assert.equal(parseFaults("read EIO; write hang\nsync EIO;")!.length, 3);
  for (const text of ["", "none", " \n", ";"]) assert.deepEqual(parseFaults(text), []);
  for (const text of ["none; read EIO", "read EIO; nonsense"]) {
    assert.equal(parseFaults(text), undefined);
  }
  assert.equal(parseFaults("read EIO;".repeat(FAULTS_MOST))!.length, FAULTS_MOST);
  assert.equal(parseFaults("read EIO;".repeat(FAULTS_MOST + 1)), undefined);
});

Deno.test("faults of the tree are shown as they are, saved, and refused with what is allowed", async () => {
  const shell = new TreeShell();
  await shell.echo("add_device d", "handlers/vdisk_nullio/mgmt");
  assert.equal(await shell.cat("devices/d/faults"), "none\n");
  await shell.echo("read EIO chance=0.5;sync delay=1s", "devices/d/faults");
  assert.equal(
    await shell.cat("devices/d/faults"),
    "read EIO chance=0.5; sync delay=1000ms\n[key]\n",
  );
  await assert.rejects(
    shell.echo("read EFOO", "devices/d/faults"),
    /faults must be none, or up to 16 rules .*: current value is "read EFOO"/,
  );
  assert.equal(
    await shell.cat("devices/d/faults"),
    "read EIO chance=0.5; sync delay=1000ms\n[key]\n",
  );
  await shell.echo("none", "devices/d/faults");
  assert.equal(await shell.cat("devices/d/faults"), "none\n");
});
