import assert from "node:assert/strict";
import { NodeTable } from "../../lib/admin/fuse/node_table.ts";
import { constant, link, MemoryDirectory } from "../harness/fuse_tree.ts";
import { Random, testSeed } from "../harness/random.ts";

function makeTable() {
  const inner = new MemoryDirectory({ type: constant("disk\n") });
  const outer = new MemoryDirectory({ disk: inner });
  const root = new MemoryDirectory({ devices: outer, version: constant("1\n") });
  const table = new NodeTable(root, () => 7);
  return { table, root, outer, inner, top: table.get(1)! };
}

Deno.test("NodeTable gives a name the same number as long as its object lives", () => {
  const { table, top } = makeTable();
  const first = table.lookup(top, "version", true)!;
  const second = table.lookup(top, "version", true)!;
  assert.equal(first.node, second.node);
  assert.equal(first.node.id, 2);
  assert.equal(first.node.born, 7);
  assert.equal(table.lookup(top, "devices", true)!.node.id, 3);
  assert.equal(table.lookup(top, "nothing", true), undefined);
});

Deno.test("NodeTable forgets what the kernel has forgotten as often as it was told", () => {
  const { table, top } = makeTable();
  for (let count = 0; count < 3; count++) table.lookup(top, "version", true);
  table.forget(2, 2);
  assert.equal(table.get(2)?.name, "version");
  table.forget(2, 1);
  assert.equal(table.get(2), undefined);
  assert.equal(table.size, 1);
  assert.equal(table.lookup(top, "version", true)!.node.id, 3, "a number is not given again");
  table.forget(3, 1000);
  table.forget(3, 1);
  table.forget(99, 1);
  table.forget(1, 2 ** 60);
  assert.equal(table.get(1), top);
});

Deno.test("NodeTable keeps what leads to a node, and no longer", () => {
  const { table, top } = makeTable();
  const devices = table.lookup(top, "devices", true)!.node;
  const disk = table.lookup(devices, "disk", true)!.node;
  const type = table.lookup(disk, "type", true)!.node;
  table.forget(devices.id, 1);
  table.forget(disk.id, 1);
  assert.equal(table.size, 4);
  assert.equal(table.resolve(type)?.kind, "file");
  assert.equal(table.pathOf(type), "devices/disk/type");
  table.forget(type.id, 1);
  assert.equal(table.size, 1);
});

Deno.test("NodeTable remembers nothing of a name that the kernel is not told of", () => {
  const { table, top } = makeTable();
  assert.equal(table.lookup(top, "version", false)?.tree.kind, "file");
  assert.equal(table.size, 1);
  assert.equal(table.idOf(top, "version"), undefined);
  const { node } = table.lookup(top, "version", true)!;
  assert.equal(table.idOf(top, "version"), node.id);
});

Deno.test("NodeTable gives what comes back under a name another number than what has gone", () => {
  const { table, outer, inner, top } = makeTable();
  const devices = table.lookup(top, "devices", true)!.node;
  const disk = table.lookup(devices, "disk", true)!.node;
  const type = table.lookup(disk, "type", true)!.node;
  outer.entries.delete("disk");
  assert.equal(table.resolve(type), undefined);
  outer.entries.set("disk", inner);
  assert.equal(table.resolve(disk), undefined);
  assert.equal(table.resolve(type), undefined);
  const again = table.lookup(devices, "disk", true)!.node;
  assert.notEqual(again.id, disk.id);
  table.forget(disk.id, 1);
  table.forget(type.id, 1);
  assert.equal(table.idOf(devices, "disk"), again.id, "the old one's end is not the new one's");
  outer.entries.set("disk", link("elsewhere"));
  assert.equal(table.resolve(again), undefined);
  assert.notEqual(table.lookup(devices, "disk", true)!.node.id, again.id);
});

Deno.test("NodeTable is empty when everything that was told is forgotten, in any order", () => {
  const seed = testSeed();
  const random = new Random(seed);
  const { table, root, outer, inner, top } = makeTable();
  const told = new Map<number, number>();
  const tell = (parent: number, name: string) => {
    const node = table.get(parent);
    const found = node && table.lookup(node, name, true);
    if (found) told.set(found.node.id, (told.get(found.node.id) ?? 0) + 1);
  };
  for (let turn = 0; turn < 3000; turn++) {
    const ids = [...told.keys()];
    const deed = random.below(8);
    if (deed === 0) outer.entries.delete("disk");
    else if (deed === 1) outer.entries.set("disk", inner);
    else if (deed === 2) root.entries.set("version", random.pick([constant("2\n"), link("x")]));
    else if (deed < 6 || ids.length === 0) {
      const name = random.pick(["devices", "disk", "type", "version"]);
      tell(random.pick([1, ...ids]), name);
    } else {
      const id = random.pick(ids);
      const count = 1 + random.below(told.get(id)!);
      table.forget(id, count);
      const left = told.get(id)! - count;
      if (left === 0) told.delete(id);
      else told.set(id, left);
    }
    for (const id of told.keys()) assert(table.get(id), `SCST_TEST_SEED=${seed} turn ${turn}`);
  }
  for (const [id, count] of told) table.forget(id, count);
  assert.equal(table.size, 1, `SCST_TEST_SEED=${seed}`);
  assert.equal(table.get(1), top);
});
