import assert from "node:assert/strict";
import { LocalTreeClient } from "../../lib/admin/local_client.ts";
import { TreeError } from "../../lib/admin/tree.ts";
import { directory, EXAMPLE_TARGET, exampleTree, link } from "../harness/example_tree.ts";

const LUN = `targets/iscsi/${EXAMPLE_TARGET}/luns/0`;

/** The errno with which `work` rejects. */
async function errnoOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
  } catch (error) {
    assert(error instanceof TreeError, String(error));
    return error.errno;
  }
  return "none";
}

Deno.test("LocalTreeClient lists what stat and readlink would tell", async () => {
  const client = new LocalTreeClient(exampleTree().root);
  const root = await client.list("");
  assert.deepEqual(root.slice(0, 2), [
    { name: "version", kind: "file", mode: 0o444 },
    { name: "suspend", kind: "file", mode: 0o644 },
  ]);
  assert.deepEqual(root.at(-1), { name: "targets", kind: "directory" });
  assert.deepEqual(await client.list(`/${LUN}/`), [
    { name: "device", kind: "link", target: "../../../../../devices/disk1" },
  ]);
});

Deno.test("LocalTreeClient follows links on the way and at the end, from where they are", async () => {
  const { root, written } = exampleTree();
  const client = new LocalTreeClient(root);
  assert.equal(await client.read(`${LUN}/device/threads_num`), "8\n");
  const names = (await client.list(`${LUN}/device/handler`)).map(({ name }) => name);
  assert.deepEqual(names, ["mgmt", "disk1"]);
  await client.write("handlers/vdisk_fileio/disk1/threads_num", "4\n");
  assert.deepEqual(written, ["threads_num 4\n"]);
  assert.equal(await client.read("devices/disk1/threads_num"), "4\n");
});

Deno.test("LocalTreeClient goes through 40 links and no more", async () => {
  const links = (count: number) =>
    directory({
      end: { kind: "file", mode: 0o444, read: () => "end" },
      ...Object.fromEntries(
        Array.from({ length: count }, (_, at) => [`l${at}`, link(at === 0 ? "end" : `l${at - 1}`)]),
      ),
    });
  assert.equal(await new LocalTreeClient(links(40)).read("l39"), "end");
  assert.equal(await errnoOf(new LocalTreeClient(links(41)).read("l40")), "EINVAL");
});

Deno.test("LocalTreeClient names what is wrong with an access, and nothing happens", async () => {
  const { root, written } = exampleTree();
  const client = new LocalTreeClient(root);
  const table: [Promise<unknown>, string][] = [
    [client.read("none"), "ENOENT"],
    [client.list("devices/none"), "ENOENT"],
    [client.read("__proto__"), "ENOENT"],
    [client.list("dangling"), "ENOENT"],
    [client.list("outside"), "ENOENT"],
    [client.list("absolute"), "ENOENT"],
    [client.list("loop"), "EINVAL"],
    [client.read("version/x"), "ENOTDIR"],
    [client.list("version"), "ENOTDIR"],
    [client.read("devices"), "EISDIR"],
    [client.write("", "x"), "EISDIR"],
    [client.write("version", "x"), "EACCES"],
    [client.read("slow"), "EACCES"],
    [client.read("devices/../version"), "EINVAL"],
    [client.list("."), "EINVAL"],
    [client.write("suspend", "x".repeat(4096)), "EINVAL"],
    [client.write("suspend", "a\0b"), "EINVAL"],
    [client.write("suspend", "\u00e9"), "EINVAL"],
    [client.read("last_sysfs_mgmt_res"), "EAGAIN"],
    [client.read("broken"), "EIO"],
  ];
  for (const [work, errno] of table) assert.equal(await errnoOf(work), errno);
  assert.deepEqual(written, []);
  assert.equal(await errnoOf(client.write("handlers/vdisk_fileio/mgmt", "add disk1")), "EEXIST");
});

Deno.test("LocalTreeClient reads a page at most", async () => {
  assert.equal((await new LocalTreeClient(exampleTree().root).read("long")).length, 4096);
});
