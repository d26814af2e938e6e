/** The program's modules meet in tests what they meet in production. */
import assert from "node:assert/strict";
import "../harness/production_places.ts";
import { readText } from "../../lib/config/read_text.ts";
import { listenAt } from "../../lib/admin/control/socket_file.ts";
import { claimMountPoint } from "../../lib/admin/fuse/mount_point.ts";
import { fileIdentity } from "../../lib/config/file_identity.ts";
import { readSystemFile } from "../../ffi/system_file.ts";

Deno.test("below /dev, /proc and /sys the program's modules are refused what Deno refuses there", () => {
  for (const path of ["/proc/version", "/sys/kernel/uevent_seqnum", "/dev/tty"]) {
    assert.throws(() => readText(path, 1000), {
      message: `Cannot read ${path}: Deno gives no access to that place`,
    });
  }
  assert.equal(fileIdentity("/proc/./version"), "/proc/version", "it is not looked at");
  assert.match(String(readSystemFile("/proc/version")), /\d/, "by FFI everything can be read");
  assert.match(Deno.readTextFileSync("/proc/version"), /\d/, "tests may do what they like");
});

Deno.test("what is asked for there is refused in words that are not Deno's advice", async () => {
  const places: [() => Promise<unknown>, RegExp][] = [
    [() => listenAt("/sys/scst/control", undefined), /^Cannot make the directory \/sys\/scst /],
    [() => claimMountPoint("/sys/scst/tree", false, () => {}), /\/sys\/scst\/tree\b/],
  ];
  for (const [ask, about] of places) {
    await assert.rejects(ask(), (error: Error) => {
      assert.match(error.message, about);
      assert.match(error.message, /: Deno gives no access to that place$/);
      return true;
    });
  }
});

Deno.test("the tests run with what production is refused", async () => {
  const text = await Deno.readTextFile(new URL("../../deno.json", import.meta.url));
  const preload = "--preload tests/harness/production_places.ts";
  assert.ok(JSON.parse(text).tasks.test.command.includes(preload));
});
