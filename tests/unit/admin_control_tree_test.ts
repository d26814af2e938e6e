/** SCST's own tree through the control socket: the same as in the server, for several at once. */
import assert from "node:assert/strict";
import { openControlDoor } from "../../lib/admin/control/door.ts";
import type { Subtree } from "../../lib/admin/tree_client.ts";
import { SocketTreeClient } from "../../lib/cli/connect_tree.ts";
import { TreeShell } from "../harness/tree_shell.ts";

/** As TreeShell.find() tells it. */
function flat(entries: readonly Subtree[], found = new Map<string, string>(), parent = "") {
  for (const { name, kind, mode, target, content, entries: below = [] } of entries) {
    const path = `${parent}${name}`;
    if (kind === "directory") found.set(path, "directory");
    else if (kind === "link") found.set(path, `-> ${target}`);
    else found.set(path, content === undefined ? `${mode}` : `${mode} ${content}`);
    flat(below, found, `${path}/`);
  }
  return found;
}

Deno.test("administrators change SCST's tree through the socket at once, and see the same", async () => {
  const dir = await Deno.makeTempDir({ prefix: "scst_test_" });
  const shell = new TreeShell();
  const door = await openControlDoor(shell.root, { path: `${dir}/control` });
  try {
    const names = Array.from({ length: 40 }, (_, at) => `disk${at}`);
    await Promise.all(
      names.map((name) =>
        new SocketTreeClient(door.path).write("handlers/vdisk_nullio/mgmt", `add_device ${name}\n`)
      ),
    );
    const client = new SocketTreeClient(door.path);
    const target = "iqn.2026-11.org.example:disk";
    await client.write("targets/iscsi/mgmt", `add_target ${target}\n`);
    await Promise.all(
      names.map((name, lun) =>
        new SocketTreeClient(door.path).write(
          `targets/iscsi/${target}/luns/mgmt`,
          `add ${name} ${lun}`,
        )
      ),
    );
    assert.equal((await client.list("devices")).length, 40);
    const through = `targets/iscsi/${target}/luns/7/device`;
    assert.equal(await client.read(`${through}/type`), await shell.cat("devices/disk7/type"));
    const seen = flat(await client.subtree("", { depth: "all", contents: true }));
    assert.deepEqual(seen, await shell.find());
    assert.ok(seen.size > 1000);
  } finally {
    await door.close();
    await Deno.remove(dir, { recursive: true });
  }
});
