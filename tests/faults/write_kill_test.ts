/**
 * kill -9 at random instants while several initiators write to the same blocks of several disks, with
 * many commands under way, flushes and FUA among them: after the restart everything is there that was
 * answered with GOOD, no block of 512 bytes is torn, and none holds what was never sent.
 * SCST_KILL_ROUNDS says how often.
 */
import assert from "node:assert/strict";
import { assertNoBug } from "../harness/log.ts";
import { Random, withRandom } from "../harness/random.ts";
import { backingFile, diskYaml, startTestServer, type TestServer } from "../harness/server.ts";
import { openReady } from "../harness/sessions.ts";
import {
  checkAll,
  Count,
  type LoggedLun,
  loggedLun,
  WriteLogger,
} from "../harness/write_logger.ts";
import type { Session } from "../initiator/session.ts";

const ROUNDS = Number(Deno.env.get("SCST_KILL_ROUNDS") ?? 20);
const LIFE_MOST_MS = 250;
const SESSIONS = 3;
const SECTORS = 2048;

const DISKS = [
  { blocksize: 512, thin: true, writesThrough: false },
  { blocksize: 512, thin: false, writesThrough: true },
  { blocksize: 4096, thin: true, writesThrough: false },
  { blocksize: 2048, thin: false, writesThrough: false, nvCache: true },
];

/** Lets all of them write, then kills the server; every other time not before each got something done. */
async function writeUntilKilled(
  server: TestServer,
  loggers: readonly WriteLogger[],
  random: Random,
  atWork: boolean,
): Promise<void> {
  let killed = false;
  const works = loggers.map(async (logger) => {
    try {
      await logger.work();
    } catch (error) {
      if (!killed || error instanceof assert.AssertionError) throw error;
    }
  });
  const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
  const kill = async () => {
    while (atWork && loggers.some(({ completed }) => completed === 0)) await pause(1);
    await pause(random.below(LIFE_MOST_MS));
    killed = true;
    await server.stop("SIGKILL");
  };
  await Promise.all([kill(), ...works]);
}

/** One life of the server: looks at what the one before has left, and has more written. */
async function live(
  server: TestServer,
  luns: readonly LoggedLun[],
  random: Random,
  count: Count,
  round: number,
): Promise<number> {
  const sessions: Session[] = [];
  try {
    const numbers = luns.map(({ lun }) => lun);
    for (let one = 0; one < SESSIONS; one++) sessions.push(await openReady(server, numbers));
    for (const lun of luns) await checkAll(sessions[0]!, lun);
    if (round === ROUNDS) return 0;
    const loggers = sessions.map((session) =>
      new WriteLogger(session, luns, new Random(random.below(2 ** 32)), count)
    );
    await writeUntilKilled(server, loggers, random, round % 2 === 0);
    assertNoBug(server);
    return loggers.reduce((sum, { completed }) => sum + completed, 0);
  } finally {
    for (const session of sessions) await session[Symbol.asyncDispose]();
  }
}

Deno.test("Nothing that was answered with GOOD is lost by kill -9, and no block is torn", () =>
  withRandom(async (random) => {
    const dir = await Deno.makeTempDir({ prefix: "scst_kill_" });
    try {
      const count = new Count();
      const luns = DISKS.map((disk, lun) => loggedLun(lun, SECTORS, disk, count));
      const yaml = diskYaml(DISKS.map(({ blocksize, thin, writesThrough, nvCache }, lun) => ({
        filename: backingFile(dir, `disk${lun}.img`, SECTORS * 512),
        blocksize,
        thinProvisioned: thin,
        writeThrough: writesThrough,
        nvCache: nvCache ?? false,
      })));
      let completed = 0;
      for (let round = 0; round <= ROUNDS; round++) {
        await using server = await startTestServer(yaml, { dir });
        completed += await live(server, luns, random, count, round);
      }
      assert(completed > ROUNDS, `only ${completed} commands in ${ROUNDS} rounds`);
    } finally {
      await Deno.remove(dir, { recursive: true });
    }
  }));
