import assert from "node:assert/strict";
import { listMounts, parseMountInfo } from "../../ffi/mount.ts";

Deno.test("parseMountInfo() reads paths with blanks, optional fields, and options", () => {
  const text = "22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw,errors=remount-ro\n" +
    "90 22 0:52 / /srv/a\\040b\\134c rw,nosuid shared:7 master:1 - fuse.scst_tgt scst rw,user_id=5\n" +
    "91 90 0:53 / /mnt rw - tmpfs none rw\n" +
    "not a line of it\n";
  assert.deepEqual(parseMountInfo(text), [
    {
      id: "22",
      parent: "1",
      path: "/",
      type: "ext4",
      source: "/dev/vda",
      options: "rw,errors=remount-ro",
    },
    {
      id: "90",
      parent: "22",
      path: "/srv/a b\\c",
      type: "fuse.scst_tgt",
      source: "scst",
      options: "rw,user_id=5",
    },
    { id: "91", parent: "90", path: "/mnt", type: "tmpfs", source: "none", options: "rw" },
  ]);
});

Deno.test("listMounts() finds what is mounted at /proc", () => {
  const mounts = listMounts();
  assert(typeof mounts !== "number", `-errno ${mounts}`);
  assert.equal(mounts.find(({ path }) => path === "/proc")?.type, "proc");
});
