/**
 * A store that takes 60 s for every read: NOPs are answered within 100 ms and ABORT TASK within 1 s, a
 * LUN beside it is as fast as ever, and what waits for it has its bound of memory. The reads come right
 * in the end.
 */
import assert from "node:assert/strict";
import { READ_MEMORY_MOST } from "../../lib/iscsi/limits.ts";
import { readBlocks, writeBlocks } from "../harness/block_io.ts";
import { Latency } from "../harness/latency.ts";
import { assertNoBug } from "../harness/log.ts";
import { residentBytes } from "../harness/memory.ts";
import { assertSameBytes } from "../harness/same_bytes.ts";
import { backingFile, diskYaml, startTestServer } from "../harness/server.ts";
import { openReady } from "../harness/sessions.ts";
import { missingFuse, SlowFiles } from "../harness/slow_files.ts";
import { type Tool, toolTest } from "../harness/tools.ts";
import { patternBytes } from "../initiator/bytes.ts";
import { read16 } from "../initiator/cdb.ts";
import { senseText } from "../initiator/sense.ts";
import { TaskFunction } from "../initiator/requests.ts";
import type { Session, StartedCommand } from "../initiator/session.ts";

const MIB = 2 ** 20;
const SIZE = 32 * MIB;
const SLOW = 0;
const QUICK = 1;
const READ_SECONDS = 60;
/** How long the bystander is watched before there is anything slow. */
const BEFORE_MS = 3000;

const NOP_MS = 100;
const ABORT_MS = 1000;
/** What the machine itself may add, as it is busy with other things now and then. */
const HICCUP_MS = 1000;
/** Of a hundred requests one may meet such a hiccup. */
const MOST = 0.99;
/** How much longer the bystander may wait than before, and what is too short to compare. */
const SLOWER = 3;
const SHORT_MS = 5;

/** Reads of 1 MiB: more than a session may have memory for. */
const READS = 28;
/** Reads that are not aborted: they end when the store does its work. */
const KEPT = 4;
/** What the engine may take on top for its own work, and for three more I/O workers. */
const ENGINE = (32 + 3 * 12) * MIB;

const TOOLS: readonly Tool[] = ["qemu-storage-daemon", "fusermount3"];
const NAME =
  "with a store that takes 60 s for every read NOPs, ABORT TASK and other LUNs are quick";

/** Writes and reads back until `isOver`, noting how long each took. */
async function work(session: Session, latency: Latency, isOver: () => boolean): Promise<void> {
  for (let round = 0; !isOver(); round++) {
    const data = patternBytes(8 * 512, round);
    await latency.of(() => writeBlocks(session, 0, data, { lun: QUICK }));
    assertSameBytes(await latency.of(() => readBlocks(session, 0, 8, { lun: QUICK })), data);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

toolTest(NAME, TOOLS, async () => {
  await using slow = await SlowFiles.create(1, SIZE);
  await using server = await startTestServer((dir) => {
    const files = [...slow.paths, backingFile(dir, "quick", SIZE)];
    return diskYaml(files.map((filename) => ({ filename })));
  });
  await using victim = await openReady(server, [SLOW, QUICK]);
  await using bystander = await openReady(server, [SLOW, QUICK]);
  const before = new Latency("the other LUN before");
  const start = performance.now();
  await work(bystander, before, () => performance.now() - start > BEFORE_MS);
  const resident = await residentBytes(server.pid);

  slow.hang();
  try {
    const began = performance.now();
    const isOver = () => performance.now() - began > READ_SECONDS * 1000;
    const reads: StartedCommand[] = [];
    for (let index = 0; index < READS; index++) {
      reads.push(await victim.start(read16(index * 2048, 2048), { read: MIB, lun: SLOW }));
    }
    const meanwhile = new Latency("the other LUN meanwhile");
    const bystanding = work(bystander, meanwhile, isOver);
    const nops = new Latency("NOP");
    const aborts = new Latency("ABORT TASK");
    const logins = new Latency("login");
    let grown = 0;
    for (let second = 0; !isOver(); second++) {
      for (let count = 0; count < 10 && !isOver(); count++) {
        await nops.of(() => victim.nop(patternBytes(100, count)));
        await new Promise((resolve) => setTimeout(resolve, 90));
      }
      grown = Math.max(grown, await residentBytes(server.pid) - resident);
      if (reads.length <= KEPT) continue;
      // In turn one that waits for memory and one that the store works on.
      const read = (second % 2 === 0 ? reads.pop() : reads.shift())!;
      const options = { referencedTag: read.itt, lun: SLOW };
      const response = () => victim.taskManagement(TaskFunction.AbortTask, options);
      assert.equal(await aborts.of(response), 0);
      victim.forget(read.itt);
      await logins.of(async () => {
        await using _late = await openReady(server, [QUICK]);
      });
    }
    await bystanding;
    slow.goOn();
    for (const { done } of reads) {
      const { status, sense, data } = await done;
      assert.equal(status, 0, senseText(sense));
      assertSameBytes(data, new Uint8Array(MIB));
    }
    const lines = [nops, aborts, logins, before, meanwhile].map(({ line }) => line);
    const found = [...lines, `memory: ${Math.round(grown / MIB)} MiB more`].join("\n");
    await Deno.stdout.write(new TextEncoder().encode(`\n${found}\n`));
    assert(nops.within(MOST) < NOP_MS && nops.within(1) < HICCUP_MS, found);
    assert(aborts.within(1) < ABORT_MS, found);
    const wanted = Math.max(SHORT_MS, before.within(0.5)) * SLOWER;
    assert(meanwhile.within(0.5) < wanted && meanwhile.within(MOST) < HICCUP_MS, found);
    assert(grown < READ_MEMORY_MOST + ENGINE, found);
  } finally {
    slow.goOn(); // or the server could not end
  }
  await server.stop();
  assertNoBug(server);
}, missingFuse());
