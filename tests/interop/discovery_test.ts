import assert from "node:assert/strict";
import { backingFile, startTestServer } from "../harness/server.ts";
import { toolOutput, toolTest } from "../harness/tools.ts";

const MIB = 1024 * 1024;

function twoTargets(dir: string): string {
  return `
portals: ["127.0.0.1:0"]
devices:
  one: { handler: vdisk_fileio, filename: ${backingFile(dir, "one.img", 64 * MIB)} }
  two: { handler: vdisk_fileio, filename: ${
    backingFile(dir, "two.img", 32 * MIB)
  }, blocksize: 4096 }
  zero: { handler: vdisk_nullio, size: 16MiB }
targets:
  iqn.2026-11.org.example:first:
    luns: { 0: one, 7: two }
  iqn.2026-11.org.example:second:
    luns: { 0: zero }
`;
}

toolTest(
  "iscsi-ls -s finds every target with its logical units and sizes",
  ["iscsi-ls"],
  async () => {
    await using server = await startTestServer(twoTargets);
    const portal = `127.0.0.1:${server.port}`;
    const lines = (await toolOutput("iscsi-ls", ["-s", `iscsi://${portal}`])).trim().split("\n");

    const targets = new Map<string, string[]>();
    let luns: string[] = [];
    for (const line of lines) {
      const target = /^Target:(\S+) Portal:(\S+),1$/.exec(line);
      if (target === null) {
        luns.push(line);
      } else {
        assert.equal(target[2], portal);
        luns = [];
        targets.set(target[1] ?? "", luns);
      }
    }
    // iscsi-ls rounds the size down from the address of the last block.
    assert.deepEqual([...targets].sort(([a], [b]) => a < b ? -1 : 1), [
      ["iqn.2026-11.org.example:first", [
        "Lun:0    Type:DIRECT_ACCESS (Size:63M)",
        "Lun:7    Type:DIRECT_ACCESS (Size:31M)",
      ]],
      ["iqn.2026-11.org.example:second", ["Lun:0    Type:DIRECT_ACCESS (Size:15M)"]],
    ]);
  },
);

toolTest("iscsi-ls is told the IPv6 portal that it reached", ["iscsi-ls"], async () => {
  await using server = await startTestServer((dir) =>
    twoTargets(dir).replace("127.0.0.1:0", "[::1]:0")
  );
  const text = await toolOutput("iscsi-ls", [`iscsi://[::1]:${server.port}`]);
  assert.match(text, new RegExp(`^Target:iqn\\S+:second Portal:\\[::1\\]:${server.port},1$`, "m"));
});
