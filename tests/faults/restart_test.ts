/** kill -9 under load, and a start in the same place: initiators that retry notice a pause. */
import assert from "node:assert/strict";
import { backingFile } from "../harness/disk_yaml.ts";
import { assertGood } from "../harness/block_io.ts";
import { lunUrl } from "../harness/lun_url.ts";
import { MortalServer } from "../harness/mortal_server.ts";
import { Random, withRandom } from "../harness/random.ts";
import { openReady, openSession } from "../harness/sessions.ts";
import { QEMU, runTool, toolTest } from "../harness/tools.ts";
import { checkAll, Count, loggedLun, WriteLogger } from "../harness/write_logger.ts";
import { inquiry, modeSelect6, modeSense6, reportLuns } from "../initiator/cdb.ts";
import { PrIn, prIn, prList, PrOut, prOut } from "../initiator/reservations.ts";
import { RetryingSession } from "../initiator/retrying.ts";
import type { Session } from "../initiator/session.ts";

const MIB = 2 ** 20;
const SECTORS = 2048;
const KILLS = 4;
const LIFE_MS = 150;

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

Deno.test("Initiators that retry see no I/O error when the server is killed under load, and lose nothing", () =>
  withRandom(async (random) => {
    const count = new Count();
    const shape = { blocksize: 512, thin: true, writesThrough: false };
    const luns = [0, 1].map((lun) => loggedLun(lun, SECTORS, shape, count));
    await using mortal = await MortalServer.start((dir) =>
      luns.map(({ lun }) => ({
        filename: backingFile(dir, `disk${lun}.img`, SECTORS * 512),
        thinProvisioned: true,
      }))
    );
    await using stack = new AsyncDisposableStack();
    const sessions = [1, 2].map((one) => {
      const initiatorName = `iqn.2026-11.org.example.test:retrying${one}`;
      return stack.use(
        new RetryingSession(() => openSession(mortal.address, { initiatorName })),
      );
    });
    const loggers = sessions.map((session) =>
      new WriteLogger(session, luns, new Random(random.below(2 ** 32)), count, {
        readsOneOf: 4,
        retries: true,
      })
    );
    let done = false;
    const works = loggers.map(async (logger) => {
      while (!done) await logger.work(50);
    });
    try {
      const progress = async () => {
        const before = loggers.map(({ completed }) => completed);
        while (loggers.some(({ completed }, at) => completed === before[at])) {
          await Promise.race([pause(5), ...works]);
        }
      };
      await progress();
      for (let kills = 0; kills < KILLS; kills++) {
        await pause(random.below(LIFE_MS));
        await mortal.kill();
        await mortal.restart();
        await progress();
      }
    } finally {
      done = true;
      await Promise.all(works);
    }
    // What was answered before a kill may be read after it: then the next kill may come before the login.
    for (const { logins } of sessions) assert(logins > 1 && logins <= KILLS + 1, String(logins));
    for (const lun of luns) await checkAll(sessions[0]!, lun);
  }));

/** What initiators recognise disks by, and rely on. */
async function whatIsSeen(session: Session, luns: readonly number[]): Promise<unknown> {
  const read = 4096;
  const { data } = await session.command(reportLuns(read), { read });
  const units: unknown[] = [];
  for (const lun of luns) {
    const answers: Uint8Array[] = [];
    for (const page of [undefined, 0x80, 0x83, 0x86]) {
      answers.push((await session.command(inquiry(read, page), { lun, read })).data);
    }
    answers.push((await session.command(modeSense6(0x3f, 255), { lun, read: 255 })).data);
    for (const action of [PrIn.READ_KEYS, PrIn.READ_RESERVATION, PrIn.FULL_STATUS]) {
      // The first four bytes count the changes since the start (SPC-5 6.15.2).
      const result = await session.command(prIn(action, read), { lun, read });
      answers.push(result.data.subarray(4));
    }
    units.push(answers);
  }
  return { luns: data, units };
}

Deno.test("After kill -9 the ids, the LUNs, the saved mode pages and the APTPL reservations are as before", async () => {
  const LUNS = [0, 3, 300];
  await using mortal = await MortalServer.start((dir) =>
    LUNS.map((lun) => ({ lun, filename: backingFile(dir, `disk${lun}.img`, MIB) }))
  );
  let before: unknown;
  {
    await using session = await openReady(mortal.address, LUNS);
    for (const lun of LUNS) {
      const register = prList({ actionKey: BigInt(lun + 1), aptpl: true });
      const out = async (action: number, type: number, write: Uint8Array) =>
        assertGood(await session.command(prOut(action, type, write.length), { lun, write }));
      await out(PrOut.REGISTER_AND_IGNORE, 0, register);
      await out(PrOut.RESERVE, 1, prList({ key: BigInt(lun + 1) }));
      // WCE off, and saved (SP).
      const page = (await session.command(modeSense6(0x08, 255), { lun, read: 255 })).data.slice(
        -20,
      );
      page[0]! &= 0x3f;
      page[2]! &= ~0x04;
      const write = Uint8Array.from([0, 0, 0, 0, ...page]);
      assertGood(await session.command(modeSelect6(write.length, 0x11), { lun, write }));
    }
    before = await whatIsSeen(session, LUNS);
  }
  for (let kills = 0; kills < 2; kills++) {
    await mortal.kill();
    await mortal.restart();
    await using session = await openReady(mortal.address, LUNS);
    assert.deepEqual(await whatIsSeen(session, LUNS), before);
  }
});

toolTest(
  "QEMU's libiscsi goes on when the server is killed under load, and its data is there",
  QEMU,
  async () => {
    const size = 32 * MIB;
    await using mortal = await MortalServer.start((dir) => [{
      filename: backingFile(dir, "disk.img", size),
    }]);
    const shape = ["-c", "40000", "-d", "16", "-s", "4096", "-w", "--pattern=0x5a"];
    const url = lunUrl(mortal.address);
    let done = false;
    const load = runTool("qemu-img", ["bench", "-f", "raw", "-t", "none", ...shape, url])
      .finally(() => done = true);
    let kills = 0;
    while (!done && kills < 3) {
      await pause(150);
      if (done) break;
      await mortal.kill();
      await mortal.restart();
      kills++;
    }
    const { code, stdout, stderr } = await load;
    assert.equal(code, 0, stdout + stderr);
    assert(kills > 0, "it was done before the first kill");
    const bytes = Deno.readFileSync(`${mortal.dir}/disk.img`);
    assert(bytes.every((byte) => byte === 0x5a), "a write is missing");
  },
);

Deno.test("A start after kill -9 under load takes about as long as one after a stop in order", () =>
  withRandom(async (random) => {
    const count = new Count();
    const shape = { blocksize: 512, thin: true, writesThrough: false };
    const luns = [loggedLun(0, SECTORS, shape, count)];
    await using mortal = await MortalServer.start((dir) => [{
      filename: backingFile(dir, "disk.img", SECTORS * 512),
      thinProvisioned: true,
    }]);
    const took: Record<"SIGKILL" | "SIGTERM", number[]> = { SIGKILL: [], SIGTERM: [] };
    for (let round = 0; round < 3; round++) {
      for (const signal of ["SIGKILL", "SIGTERM"] as const) {
        await using session = await openReady(mortal.address);
        const logger = new WriteLogger(session, luns, random, count);
        const work = logger.work().catch((error) => {
          if (error instanceof assert.AssertionError) throw error;
        });
        while (logger.completed < 100) await pause(1);
        await mortal.kill(signal);
        await work;
        took[signal].push(await mortal.restart());
        await using after = await openReady(mortal.address);
        await checkAll(after, luns[0]!);
      }
    }
    // The shortest of each: what else the machine does only makes them longer.
    const [killed, stopped] = [Math.min(...took.SIGKILL), Math.min(...took.SIGTERM)];
    assert(
      killed < 4 * stopped,
      `${killed.toFixed(0)} ms, and ${stopped.toFixed(0)} ms after a stop`,
    );
  }));
