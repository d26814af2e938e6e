/** Storage that does not answer: whoever uses it waits, and nobody else. */
import assert from "node:assert/strict";
import { readBlocks, writeBlocks } from "../harness/block_io.ts";
import { assertNoBug } from "../harness/log.ts";
import { assertSameBytes } from "../harness/same_bytes.ts";
import { backingFile, diskYaml, startTestServer } from "../harness/server.ts";
import { makeReady, openReady } from "../harness/sessions.ts";
import { missingFuse, SlowFiles } from "../harness/slow_files.ts";
import { type Tool, toolTest } from "../harness/tools.ts";
import { patternBytes } from "../initiator/bytes.ts";
import { read10, synchronizeCache10, testUnitReady } from "../initiator/cdb.ts";
import { TaskFunction } from "../initiator/requests.ts";
import type { Session, StartedCommand } from "../initiator/session.ts";

const SIZE = 16 << 20;
/** More than there are workers at first, on several disks: nobody may be left without one. */
const SLOW_DISKS = 6;
const QUICK = SLOW_DISKS;
const HANGING = 24;
/**
 * What an initiator may notice of the trouble of others, on a machine that is busy otherwise; the
 * storage hangs for as long as the test wants.
 */
const NOTICE_MS = 5000;
const WORK_MS = 3000;

async function timed(what: string, action: () => Promise<unknown>): Promise<void> {
  const start = performance.now();
  await action();
  const took = performance.now() - start;
  assert(took < NOTICE_MS, `${what} took ${took.toFixed(0)} ms`);
}

/** Writes, flushes and reads for a while; no step may take long. */
async function work(session: Session): Promise<void> {
  const end = performance.now() + WORK_MS;
  for (let round = 0; performance.now() < end; round++) {
    const data = patternBytes(64 * 512, round);
    await timed("a write", () => writeBlocks(session, 0, data, { lun: QUICK }));
    await timed("a flush", () => session.command(synchronizeCache10(0, 0), { lun: QUICK }));
    await timed("a read", async () => {
      assertSameBytes(await readBlocks(session, 0, 64, { lun: QUICK }), data);
    });
  }
}

const TOOLS: readonly Tool[] = ["qemu-storage-daemon", "fusermount3"];
const NAME = "disks whose storage hangs keep nobody waiting but those who use them";

toolTest(NAME, TOOLS, async () => {
  await using slow = await SlowFiles.create(SLOW_DISKS, SIZE);
  await using server = await startTestServer((dir) => {
    const files = [...slow.paths, backingFile(dir, "quick", SIZE)];
    return diskYaml(files.map((filename) => ({ filename })));
  });
  const luns = Array.from({ length: SLOW_DISKS }, (_, lun) => lun);
  await using victim = await openReady(server, luns);
  await using bystander = await openReady(server, [QUICK]);
  const data = patternBytes(64 * 512, 1);
  for (const lun of luns) await writeBlocks(victim, 0, data, { lun });

  slow.hang();
  try {
    const reads: StartedCommand[] = [];
    for (let index = 0; index < HANGING; index++) {
      const lun = index % SLOW_DISKS;
      reads.push(await victim.start(read10(2048 + index * 64, 64), { read: 64 * 512, lun }));
    }
    await work(bystander);

    await timed("a NOP", () => victim.nop(patternBytes(100, 1)));
    await timed("a login", async () => {
      await using _late = await openReady(server, [QUICK]);
    });
    const referencedTag = reads[0]!.itt;
    await timed("an ABORT TASK", async () => {
      assert.equal(await victim.taskManagement(TaskFunction.AbortTask, { referencedTag }), 0);
    });
    for (const lun of luns) {
      await timed("a LOGICAL UNIT RESET", async () => {
        assert.equal(await victim.taskManagement(TaskFunction.LogicalUnitReset, { lun }), 0);
      });
    }
    for (const { itt } of reads) victim.forget(itt);
    await timed("TEST UNIT READY", () => victim.command(testUnitReady()));
    await work(bystander);
  } finally {
    slow.goOn(); // the server could not end before
  }
  for (const lun of luns) {
    await makeReady(victim, lun);
    assertSameBytes(await readBlocks(victim, 0, 64, { lun }), data);
  }
  assertNoBug(server);
}, missingFuse());
