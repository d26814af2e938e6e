/** The program's modules meet in tests what they meet in production. */
import assert from "node:assert/strict";
import "../harness/production_places.ts";
import { readText } from "../../lib/config/read_text.ts";
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

Deno.test("the tests run with what production is refused", async () => {
  const text = await Deno.readTextFile(new URL("../../deno.json", import.meta.url));
  const preload = "--preload tests/harness/production_places.ts";
  assert.ok(JSON.parse(text).tasks.test.command.includes(preload));
});
