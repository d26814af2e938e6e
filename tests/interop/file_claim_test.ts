/** One file, one writer: this server, another one and QEMU keep out of each other's way. */
import assert from "node:assert/strict";
import { backingFile, diskYaml, startTestServer } from "../harness/server.ts";
import { openReady } from "../harness/sessions.ts";
import { runTool, toolOutput, toolTest } from "../harness/tools.ts";

const SIZE = 2 ** 20;
const WRITE = ["-f", "raw", "-c", "write -P 7 0 4k"];

toolTest("QEMU does not write to an image that is served, nor is one served that it writes to", [
  "qemu-io",
], async () => {
  await using server = await startTestServer((dir) =>
    diskYaml([{ filename: backingFile(dir, "a.img", SIZE) }])
  );
  const image = `${server.dir}/a.img`;
  const { code, stderr } = await runTool("qemu-io", [...WRITE, image]);
  assert.notEqual(code, 0);
  assert.match(stderr, /Failed to get "write" lock|Failed to get shared "write" lock/);
  await server.stop();
  await toolOutput("qemu-io", [...WRITE, image]); // the claim is gone with its process

  const args = ["-f", "raw", image];
  const holder = new Deno.Command("qemu-io", { args, stdin: "piped", stdout: "piped" }).spawn();
  const input = holder.stdin.getWriter();
  await input.write(new TextEncoder().encode("length\n"));
  const reader = holder.stdout.getReader();
  await reader.read(); // it has opened the image
  try {
    await using other = await startTestServer(() => diskYaml([{ filename: image }]));
    assert.match(other.stderr(), /device 'disk0' is not served: .*\(QEMU\) uses it/);
  } finally {
    await input.write(new TextEncoder().encode("quit\n"));
    await input.close().catch(() => {});
    while (!(await reader.read()).done);
    await holder.status;
  }
}, Deno.env.get("SCST_PORTABLE") === "1" ? "whole files are claimed, as QEMU does not" : undefined);

Deno.test("two servers do not serve one file, unless both only read it", async () => {
  await using first = await startTestServer((dir) =>
    diskYaml([
      { filename: backingFile(dir, "a.img", SIZE) },
      { filename: backingFile(dir, "b.iso", SIZE), readOnly: true },
    ])
  );
  Deno.linkSync(`${first.dir}/a.img`, `${first.dir}/hard.img`);
  await using second = await startTestServer(() =>
    diskYaml([
      { filename: `${first.dir}/hard.img` },
      { filename: `${first.dir}/b.iso`, readOnly: true },
    ])
  );
  const refused = /device 'disk0' is not served: Cannot open '.*hard\.img' for reading and writing/;
  assert.match(second.stderr(), refused);
  assert.doesNotMatch(second.stderr(), /'disk1' is not served/);
  await using _session = await openReady(second, [1]);
});
