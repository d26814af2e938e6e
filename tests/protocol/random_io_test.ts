/** Several sessions with different parameters do random I/O on several LUNs at once. */
import { fileDisks } from "../harness/disks.ts";
import { Random, withRandom } from "../harness/random.ts";
import { startTestServer } from "../harness/server.ts";
import { openReady } from "../harness/sessions.ts";
import { keysWith } from "../initiator/login.ts";
import { ModelDisk } from "./model_disk.ts";

const BLOCKS_EACH = 2048;
const LUNS = 3;
/** The one that is used past the page cache. */
const DIRECT = 1;

/** Parameters that make the same commands take different ways. */
const WAYS: readonly Record<string, string>[] = [
  {},
  { InitialR2T: "Yes", ImmediateData: "No", MaxBurstLength: "4096", MaxOutstandingR2T: "3" },
  {
    FirstBurstLength: "1024",
    MaxBurstLength: "8192",
    MaxOutstandingR2T: "1",
    MaxRecvDataSegmentLength: "1024",
  },
  { ImmediateData: "No", FirstBurstLength: "16384", MaxRecvDataSegmentLength: "65532" },
];

Deno.test("random commands of several sessions leave what a model disk holds", async () => {
  await withRandom(async (random) => {
    const disks = Array.from({ length: LUNS }, (_, lun) => ({
      thinProvisioned: true,
      oDirect: lun === DIRECT,
    }));
    const size = WAYS.length * BLOCKS_EACH * 512;
    await using server = await startTestServer(fileDisks(size, disks));
    await using stack = new AsyncDisposableStack();

    const models: ModelDisk[] = [];
    for (const [index, way] of WAYS.entries()) {
      const luns = Array.from({ length: LUNS }, (_, lun) => lun);
      const session = stack.use(await openReady(server, luns, { keys: keysWith(way) }));
      for (const lun of luns) {
        const stretch = { lun, lba: index * BLOCKS_EACH, blocks: BLOCKS_EACH };
        // A source of its own for each: what one draws must not depend on how fast the others are.
        models.push(new ModelDisk(session, stretch, new Random(random.below(2 ** 32))));
      }
    }
    await Promise.all(models.map((model) => model.run(120)));
    await Promise.all(models.map((model) => model.compare()));
  });
});
