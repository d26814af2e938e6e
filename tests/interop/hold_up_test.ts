/** Shell scripts that hold up commands in the mounted tree, while storage does not answer. */
import assert from "node:assert/strict";
import { missingFuse } from "../harness/fuse_mount.ts";
import { assertGood, writeBlocks } from "../harness/block_io.ts";
import { diskYaml } from "../harness/disk_yaml.ts";
import { startTestServer } from "../harness/server.ts";
import { openReady } from "../harness/sessions.ts";
import { SlowFiles } from "../harness/slow_files.ts";
import { runTool, toolTest } from "../harness/tools.ts";
import { patternBytes } from "../initiator/bytes.ts";
import { synchronizeCache10, testUnitReady } from "../initiator/cdb.ts";

toolTest(
  "suspend and block wait for what runs, give up in time, and end by a signal",
  ["bash", "qemu-storage-daemon", "fusermount3"],
  async () => {
    const dir = await Deno.makeTempDir({ prefix: "scst_hold_" });
    const tree = `${dir}/tree`;
    await Deno.mkdir(tree);
    await using slow = await SlowFiles.create(1, 2 ** 20);
    const yaml = diskYaml([{ filename: slow.paths[0]! }, {}]);
    await using server = await startTestServer(yaml, { dir, env: { SCST_TREE: tree } });
    try {
      await using session = await openReady(server, [0, 1]);
      const shell = (script: string) => runTool("bash", ["-c", `cd ${tree}\n${script}`]);
      const says = async (script: string) => (await shell(script)).stdout;
      await writeBlocks(session, 0, patternBytes(4096, 1));
      slow.hang();
      const flush = await session.start(synchronizeCache10(0, 0));
      await session.nop();

      const late = await shell("echo 1 >suspend");
      assert.notEqual(late.code, 0);
      assert.match(late.stderr, /busy/i);
      assert.equal(await says("cat suspend"), "0\n");
      assertGood(await session.command(testUnitReady(), { lun: 1 }), "it goes on");

      // Who is interrupted does not wait any more; what was asked for holds.
      assert.equal((await shell("timeout -s INT 1 bash -c 'echo 0 >suspend'")).code, 124);
      assert.equal(await says("cat suspend"), "1\n");
      const waits = await session.start(testUnitReady(), { lun: 1 });
      await session.nop();
      const trace = await says("cat trace_cmds");
      assert.match(
        trace,
        /^SYNCHRONIZE CACHE\(10\), for \d+ ms, is executed by the device: .*stage=store/m,
      );
      assert.match(trace, /^TEST UNIT READY, for \d+ ms, waits for its turn .*stage=turn_wait/m);
      assert.equal(await says("echo -1 >suspend; cat suspend"), "0\n");
      assertGood(await waits.done, "after the suspension");

      assert.equal(
        await says("echo 11 later >devices/disk0/block; cat devices/disk0/block"),
        "1 1\n",
      );
      slow.goOn();
      assertGood(await flush.done, "the flush");
      assert.equal((await shell("echo 1 >devices/disk0/block")).code, 0);
      assert.equal(await says("cat devices/disk0/block"), "2 0\n");
      assert.match(server.stderr(), /info device 'disk0' is blocked: later\n/);
      const blocked = await session.start(testUnitReady());
      await shell("echo 0 >devices/disk0/block; echo 0 >devices/disk0/block");
      assertGood(await blocked.done, "after the blocks");
    } finally {
      slow.goOn();
      await server.stop();
    }
    await Deno.remove(dir, { recursive: true });
  },
  missingFuse(),
);
