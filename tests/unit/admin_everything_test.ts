/** A server that uses everything is written out, cleared and made again, and its tree is the same. */
import assert from "node:assert/strict";
import { modelOfScstConf, scstConfOf } from "../../lib/admin/scst_conf.ts";
import { admin, applyText, changesOf, RecordedTree, writtenText } from "../harness/admin_call.ts";
import { everything } from "../harness/everything.ts";
import { TreeShell } from "../harness/tree_shell.ts";

/** Files that change nothing, count, or can only be as they are. */
const WITHOUT_MARK = new Set([
  "mgmt",
  "trace_level",
  "allow_not_connected_copy",
  "cluster_mode",
  "global_stats",
  "isns_entity_name",
  "enabled",
  "size_mb",
  "suspend",
  "measure_latency",
  "block",
  "black_hole",
  "pr_state",
]);

/** Attributes of several values, as they are called. */
const bare = (name: string) => name.replace(/\d+$/, "");

/** The kind of object that a path is of: names of objects are those of anything. */
function kindOf(path: string): string {
  return path
    .replace(/^(devices|device_groups)\/[^/]+/, "$1/*")
    .replace(/^targets\/iscsi\/iqn[^/]+/, "targets/iscsi/*")
    .replace(/ini_groups\/[^/]+\//, "ini_groups/*/")
    .replace(/target_groups\/[^/]+\//, "target_groups/*/")
    .replace(/\*\/iqn[^/]+\//, "*/*/");
}

/** The tree without what counts the objects that were ever there, and what became of the last write. */
async function lasting(shell: TreeShell): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  const copies = "targets/copy_manager/copy_manager_tgt";
  for (const [path, text] of await shell.find()) {
    if (/^last_|\/tid$/.test(path)) continue;
    if (path.startsWith("devices/") && path.includes("/exported/")) {
      const at = text.startsWith(`-> ../../../${copies}`) ? "copy manager" : text;
      found.set(`${path.slice(0, path.lastIndexOf("/"))} ${at}`, "");
    } else if (path.startsWith(`${copies}/luns/`) && text.startsWith("-> ")) {
      found.set(`copy manager ${text}`, "");
    } else if (!path.startsWith(`${copies}/luns/`) && !path.includes("copy_manager_sess/lun")) {
      found.set(path, text);
    }
  }
  return found;
}

Deno.test("everything() sets every attribute that can be saved, of every kind of object", async () => {
  const { shell } = await everything();
  const marked = new Map<string, boolean>();
  for (const [path, text] of await shell.find()) {
    const name = bare(path.slice(path.lastIndexOf("/") + 1));
    if (!/^0[64][04][04] /.test(text) || text.startsWith("0444") && !text.includes("[key]")) {
      continue;
    }
    if (WITHOUT_MARK.has(name)) continue;
    if (/_count(?:_kb)?$|_io_count_kb$/.test(name)) continue;
    const kind = bare(kindOf(path));
    marked.set(kind, marked.get(kind) === true || text.includes("\n[key]\n"));
  }
  assert(marked.size > 90, `${marked.size} attributes`);
  assert.deepEqual([...marked].filter(([, isMarked]) => !isMarked).map(([kind]) => kind), []);
});

Deno.test("a tree that uses everything is the same after write out, clear and apply", async () => {
  const { shell } = await everything();
  const tree = new RecordedTree(shell);
  const before = await lasting(shell);
  const text = await writtenText(tree);
  const again = await applyText(tree, text);
  assert.equal(changesOf(again), 0, again.out);

  const cleared = await admin(tree, ["-clear_config", "-force", "-noprompt"]);
  assert.equal(cleared.code, 0, cleared.out);
  assert.deepEqual(shell.ls("devices"), []);
  const applied = await applyText(tree, text);
  assert.equal(applied.code, 0, applied.out);
  assert.deepEqual(await lasting(shell), before);
  assert.equal(changesOf(await applyText(tree, text, "-force")), 0);

  const fresh = new TreeShell();
  await applyText(new RecordedTree(fresh), text);
  assert.deepEqual(await lasting(fresh), before);
});

Deno.test("export and import of everything lose nothing but the portals", async () => {
  const { model } = await everything();
  const text = await scstConfOf(model);
  const path = await Deno.makeTempFile({ prefix: "scst_", suffix: ".conf" });
  try {
    await Deno.writeTextFile(path, text);
    const read = await modelOfScstConf(path, "/nonexistent");
    const trees = [model, read].map((one) => lasting(new TreeShell(undefined, one)));
    assert.deepEqual(await trees[1], await trees[0], text);
  } finally {
    await Deno.remove(path);
  }
});
