/** Several sessions with different parameters do random I/O on several LUNs at once. */
import { Random, withRandom } from "../harness/random.ts";
import { backingFile, diskYaml, startTestServer } from "../harness/server.ts";
import { openReady } from "../harness/sessions.ts";
import { keysWith } from "../initiator/login.ts";
import { ModelDisk } from "./model_disk.ts";

const BLOCKS_EACH = 2048;
const LUNS = 3;

/** A disk in a file, one past the page cache and one in memory, of `size` bytes each. */
function disksOf(size: number): (dir: string) => string {
  return (dir) => {
    const filename = (name: string) => backingFile(dir, name, size);
    return diskYaml([
      { filename: filename("file.img"), thinProvisioned: true },
      { filename: filename("direct.img"), thinProvisioned: true, oDirect: true },
      { handler: "vdisk_ram", size, thinProvisioned: true },
    ]);
  };
}

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
    const size = WAYS.length * BLOCKS_EACH * 512;
    await using server = await startTestServer(disksOf(size));
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
