/**
 * kill -9 while initiators write, atomically and otherwise, to the same blocks: after the restart each
 * WRITE ATOMIC is there in whole or not at all, and what was answered with GOOD is there.
 * SCST_KILL_ROUNDS says how often; a few times if it is not set.
 */
import assert from "node:assert/strict";
import { readBlocks } from "../harness/block_io.ts";
import { type Random, withRandom } from "../harness/random.ts";
import { backingFile, diskYaml, startTestServer, type TestServer } from "../harness/server.ts";
import { openReady } from "../harness/sessions.ts";
import {
  blockVersions,
  explains,
  filledBlocks,
  type SentWrite,
  WriteKind,
} from "../harness/write_history.ts";
import { write16, writeAtomic16 } from "../initiator/cdb.ts";
import { senseText } from "../initiator/sense.ts";
import type { Session } from "../initiator/session.ts";

const ROUNDS = Number(Deno.env.get("SCST_KILL_ROUNDS") ?? 10);
/** In so many rounds some kill comes between a record and its end. */
const MANY_ROUNDS = 100;
const LIFE_MOST_MS = 250;
const WRITERS = 4;
/** Blocks that each of them has: as many as one WRITE ATOMIC can write. */
const BLOCKS = 2048;
const NEVER = Infinity;

/** Writes to blocks of its own, one command after the other. */
class Writer {
  /** Commands that were answered with GOOD. */
  completed = 0;
  #lba: number;
  #session: Session | undefined = undefined;
  /** What the blocks held after the last restart, and what was written since. */
  #base: number[] = new Array(BLOCKS).fill(0);
  #history: SentWrite[] = [];
  #version = 0;

  constructor(index: number) {
    this.#lba = index * BLOCKS;
  }

  async login(server: TestServer): Promise<void> {
    this.#session = await openReady(server);
  }

  /** Checks that its blocks hold what they may hold after the kill. */
  async check(): Promise<void> {
    const found = blockVersions(await readBlocks(this.#session!, this.#lba, BLOCKS));
    const why = () => `blocks from ${this.#lba} on: ${JSON.stringify(this.#history)}, ${found}`;
    assert(explains(this.#base, this.#history, this.completed, found), why());
    this.#base = found;
    this.#history = [];
  }

  /** Writes until the session ends. */
  async work(random: Random): Promise<void> {
    for (;;) await this.#write(random);
  }

  async #write(random: Random): Promise<void> {
    const isAtomic = random.below(3) > 0;
    const at = random.below(BLOCKS);
    const blocks = 1 + random.below(BLOCKS - at);
    const sent: SentWrite = {
      // A kill takes nothing away that the system was given.
      kind: isAtomic ? WriteKind.ATOMIC : WriteKind.DURABLE,
      lba: at,
      blocks,
      version: ++this.#version,
      began: this.completed,
      ended: NEVER,
    };
    this.#history.push(sent);
    const cdb = (isAtomic ? writeAtomic16 : write16)(this.#lba + at, blocks);
    const write = filledBlocks(blocks, sent.version);
    const { status, sense } = await this.#session!.command(cdb, { write });
    assert.equal(status, 0, `status ${status}, sense ${senseText(sense)}`);
    sent.ended = ++this.completed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#session?.[Symbol.asyncDispose]();
    this.#session = undefined;
  }
}

/** Waits until each of the writers has completed one more command, however slow the machine is. */
async function progress(writers: readonly Writer[]): Promise<void> {
  const before = writers.map(({ completed }) => completed);
  while (writers.some(({ completed }, index) => completed === before[index])) {
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

/** Lets all of them write until the server is killed; every other time not before they did. */
async function writeUntilKilled(
  server: TestServer,
  writers: readonly Writer[],
  random: Random,
  atWork: boolean,
): Promise<void> {
  let killed = false;
  const works = writers.map(async (writer) => {
    try {
      await writer.work(random);
    } catch (error) {
      if (!killed || error instanceof assert.AssertionError) throw error;
    }
  });
  const kill = async () => {
    if (atWork) await progress(writers);
    await new Promise((resolve) => setTimeout(resolve, random.below(LIFE_MOST_MS)));
    killed = true;
    await server.stop("SIGKILL");
  };
  await Promise.all([kill(), ...works]);
}

Deno.test("No WRITE ATOMIC is torn by kill -9, and nothing is lost", () =>
  withRandom(async (random) => {
    const dir = await Deno.makeTempDir({ prefix: "scst_kill_" });
    try {
      const filename = backingFile(dir, "disk.img", WRITERS * BLOCKS * 512);
      const yaml = diskYaml([{ filename, thinProvisioned: true }]);
      const writers = Array.from({ length: WRITERS }, (_, index) => new Writer(index));
      let finished = 0;
      for (let round = 0; round <= ROUNDS; round++) {
        await using server = await startTestServer(yaml, { dir });
        try {
          for (const writer of writers) await writer.login(server);
          for (const writer of writers) await writer.check();
          if (round < ROUNDS) await writeUntilKilled(server, writers, random, round % 2 === 1);
          const complaints = server.stderr().split("\n").filter((line) => /^error/.test(line));
          for (const line of complaints) {
            assert.match(line, /'disk0' finishes what was interrupted/);
          }
          finished += complaints.length;
        } finally {
          for (const writer of writers) await writer[Symbol.asyncDispose]();
        }
      }
      assert(writers.every(({ completed }) => completed > 0));
      if (ROUNDS >= MANY_ROUNDS) assert(finished > 0, "no kill came at the right moment");
    } finally {
      await Deno.remove(dir, { recursive: true });
    }
  }));
