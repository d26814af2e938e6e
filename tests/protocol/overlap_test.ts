/**
 * A model of disks with every block size beside the server: several sessions have many commands under
 * way on the same blocks, and each READ finds what it may find among them.
 * SCST_PROPERTY_COMMANDS says how many commands there are.
 */
import { backingFile, diskYaml, startTestServer } from "../harness/server.ts";
import { assertNoBug } from "../harness/log.ts";
import { Random, withRandom } from "../harness/random.ts";
import { openReady } from "../harness/sessions.ts";
import { checkAll, Count, loggedLun, WriteLogger } from "../harness/write_logger.ts";

const COMMANDS = Number(Deno.env.get("SCST_PROPERTY_COMMANDS") ?? 6000);
/** So many are sent between two looks at everything. */
const BATCH = 600;
const SESSIONS = 3;
const SECTORS = 1024;
const DISKS = [512, 1024, 2048, 4096].map((blocksize) => ({
  blocksize,
  thin: blocksize !== 2048,
  writesThrough: blocksize === 1024,
}));

Deno.test("Reads among overlapping writes find what a model of the disk allows, in all block sizes", () =>
  withRandom(async (random) => {
    const count = new Count();
    const luns = DISKS.map((disk, lun) => loggedLun(lun, SECTORS, disk, count));
    await using server = await startTestServer((dir) =>
      diskYaml(DISKS.map(({ blocksize, thin, writesThrough }, lun) => ({
        filename: backingFile(dir, `disk${lun}.img`, SECTORS * 512),
        blocksize,
        thinProvisioned: thin,
        writeThrough: writesThrough,
      })))
    );
    await using stack = new AsyncDisposableStack();
    const loggers: WriteLogger[] = [];
    for (let one = 0; one < SESSIONS; one++) {
      const session = stack.use(await openReady(server, luns.map(({ lun }) => lun)));
      loggers.push(
        new WriteLogger(session, luns, new Random(random.below(2 ** 32)), count, { readsOneOf: 3 }),
      );
    }
    await using reader = await openReady(server, luns.map(({ lun }) => lun));
    for (let done = 0; done < COMMANDS; done += BATCH) {
      await Promise.all(loggers.map((logger) => logger.work(BATCH / SESSIONS)));
      for (const lun of luns) await checkAll(reader, lun);
    }
    assertNoBug(server);
  }));
