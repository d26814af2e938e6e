/** The snapshot of the tree that scstadmin's options work with: it says what the tree says. */
import assert from "node:assert/strict";
import { SnapshotClient } from "../../lib/admin/scstadmin/snapshot_client.ts";
import { LocalTreeClient } from "../../lib/admin/local_client.ts";
import { TreeError } from "../../lib/admin/tree.ts";
import type { Subtree, SubtreeQuery, TreeEntry } from "../../lib/admin/tree_client.ts";
import { Random } from "../harness/random.ts";
import { TreeShell } from "../harness/tree_shell.ts";

/** A way to a tree that counts what is asked of it. */
class CountingClient extends LocalTreeClient {
  asked: string[] = [];

  override list(path: string): Promise<readonly TreeEntry[]> {
    this.asked.push(`list ${path}`);
    return super.list(path);
  }

  override subtree(path: string, query: SubtreeQuery): Promise<readonly Subtree[]> {
    this.asked.push(`subtree ${path}`);
    return super.subtree(path, query);
  }

  override read(path: string): Promise<string> {
    this.asked.push(`read ${path}`);
    return super.read(path);
  }
}

const T = "iqn.2026-11.org.example:t";

/** Writes, of which some are refused, depending on those before. */
const WRITES: readonly (readonly [path: string, text: string])[] = [
  ["handlers/vdisk_nullio/mgmt", "add_device a size_mb=10;"],
  ["handlers/vdisk_nullio/mgmt", "add_device b"],
  ["handlers/vdisk_nullio/mgmt", "del_device a"],
  ["handlers/vdisk_nullio/mgmt", "del_device b"],
  ["devices/a/prod_id", "other\n"],
  ["devices/b/threads_num", "3\n"],
  ["targets/iscsi/mgmt", `add_target ${T}`],
  ["targets/iscsi/mgmt", `del_target ${T}`],
  ["targets/iscsi/mgmt", `add_target_attribute ${T} IncomingUser joe 12charsecret`],
  ["targets/iscsi/mgmt", "add_attribute IncomingUser ann 12charsecret"],
  ["targets/iscsi/mgmt", "del_attribute IncomingUser ann"],
  ["targets/iscsi/enabled", "1"],
  [`targets/iscsi/${T}/enabled`, "1"],
  [`targets/iscsi/${T}/enabled`, "0"],
  [`targets/iscsi/${T}/per_portal_acl`, "1"],
  [`targets/iscsi/${T}/luns/mgmt`, "add a 0"],
  [`targets/iscsi/${T}/luns/mgmt`, "add b 1 read_only=1;"],
  [`targets/iscsi/${T}/luns/mgmt`, "replace b 0"],
  [`targets/iscsi/${T}/luns/mgmt`, "clear"],
  [`targets/iscsi/${T}/ini_groups/mgmt`, "create g"],
  [`targets/iscsi/${T}/ini_groups/mgmt`, "create h"],
  [`targets/iscsi/${T}/ini_groups/mgmt`, "del g"],
  [`targets/iscsi/${T}/ini_groups/g/initiators/mgmt`, "add iqn.x:*"],
  [`targets/iscsi/${T}/ini_groups/g/initiators/mgmt`, "move iqn.x:* h"],
  [`targets/iscsi/${T}/ini_groups/g/luns/mgmt`, "add a 3"],
  [`targets/iscsi/${T}/ini_groups/h/addr_method`, "FLAT"],
  ["device_groups/mgmt", "create dg"],
  ["device_groups/dg/devices/mgmt", "add a"],
  ["device_groups/dg/target_groups/mgmt", "create tg"],
  ["device_groups/dg/target_groups/tg/mgmt", `add ${T}`],
  ["device_groups/dg/target_groups/tg/mgmt", "add remote"],
  ["device_groups/dg/target_groups/tg/remote/rel_tgt_id", "9"],
  ["device_groups/dg/target_groups/tg/state", "standby"],
  ["setup_id", "0x12"],
];

/** Everything that a client shows, path by path. */
async function shown(client: LocalTreeClient | SnapshotClient, path = ""): Promise<string[]> {
  const lines: string[] = [];
  for (const entry of await client.list(path)) {
    const inner = path === "" ? entry.name : `${path}/${entry.name}`;
    lines.push(`${inner} ${entry.kind} ${entry.mode} ${entry.target}`);
    if (entry.kind === "directory") lines.push(...await shown(client, inner));
    if (entry.kind === "file" && (entry.mode! & 0o400) !== 0) {
      lines.push(`${inner} says ${await client.read(inner)}`);
    }
  }
  lines.push(JSON.stringify(await client.subtree(path, { depth: 1, contents: true })));
  return lines;
}

async function errnoOf(promise: Promise<unknown>): Promise<string | undefined> {
  try {
    await promise;
    return undefined;
  } catch (error) {
    if (error instanceof TreeError) return error.errno;
    throw error;
  }
}

Deno.test("SnapshotClient shows what the tree shows, whatever was written through it", async () => {
  let done = 0;
  for (let seed = 1; seed <= 6; seed++) {
    const random = new Random(seed);
    const direct = new LocalTreeClient(new TreeShell().root);
    const client = new SnapshotClient(direct);
    assert.deepEqual(await shown(client), await shown(direct));
    for (let step = 0; step < 50; step++) {
      const [path, text] = WRITES[random.below(WRITES.length)]!;
      const errno = await errnoOf(client.write(path, text));
      if (errno === undefined) done++;
      if (random.below(8) === 0) client.refresh();
      const found = await shown(client);
      assert.deepEqual(found, await shown(direct), `seed ${seed}, step ${step}: ${path} ${text}`);
    }
  }
  assert(done > 60, `only ${done} writes were taken`);
});

Deno.test("SnapshotClient asks once for all, and again for what a write may have changed", async () => {
  const shell = new TreeShell();
  await shell.echo("add_device a", "handlers/vdisk_nullio/mgmt");
  await shell.echo(`add_target ${T}`, "targets/iscsi/mgmt");
  const counting = new CountingClient(shell.root);
  const client = new SnapshotClient(counting);
  const heard = () => counting.asked.splice(0);
  await shown(client);
  assert.deepEqual(heard(), ["subtree "]);

  await client.write(`targets/iscsi/${T}/luns/mgmt`, "add a 0");
  await client.read("targets/iscsi/mgmt");
  await client.list("devices/a");
  await client.list(`targets/iscsi/${T}`);
  assert.deepEqual(heard(), []);
  await client.list(`targets/iscsi/${T}/luns`);
  await client.list("devices/a/exported");
  assert.deepEqual(heard(), [`list targets/iscsi/${T}/luns`, "list devices/a/exported"]);
  client.refresh();
  await client.list(`targets/iscsi/${T}/luns`);
  client.refresh();
  await client.list("devices/a/exported");
  assert.deepEqual(heard(), ["subtree "]);

  await client.write(`targets/iscsi/${T}/luns/mgmt`, "clear");
  await client.list("devices");
  assert.deepEqual(heard(), ["list devices"]);
});

Deno.test("SnapshotClient does without where the tree is too large for one answer", async () => {
  class Large extends CountingClient {
    override subtree(path: string, query: SubtreeQuery): Promise<readonly Subtree[]> {
      if (query.depth !== "all") return super.subtree(path, query);
      return Promise.reject(new TreeError("E2BIG", "That is too much at once"));
    }
  }
  const client = new SnapshotClient(new Large(new TreeShell().root));
  assert.match(await client.read("version"), /^SCST version: /);
  assert((await client.list("handlers")).length > 0);
});

Deno.test("SnapshotClient refuses what the tree refuses", async () => {
  const client = new SnapshotClient(new LocalTreeClient(new TreeShell().root));
  const table: [Promise<unknown>, string][] = [
    [client.list("nowhere"), "ENOENT"],
    [client.list("version"), "ENOTDIR"],
    [client.read("handlers"), "EISDIR"],
    [client.read("handlers/none"), "ENOENT"],
    [client.list("../etc"), "EINVAL"],
    [client.write("version", "1"), "EACCES"],
  ];
  for (const [promise, errno] of table) assert.equal(await errnoOf(promise), errno);
});
