/** What grows with what is there: memory and the time of a start, with none, many and very much. */
import { type Footprint, footprint } from "../harness/memory.ts";
import {
  backingFile,
  diskYaml,
  startTestServer,
  TARGET_NAME,
  type TestServer,
} from "../harness/server.ts";
import { SessionCrowd } from "../harness/session_crowd.ts";
import { LUNS_MOST, manyLunsYaml } from "./contenders.ts";
import type { LoadGenerator } from "./load/load.ts";
import { describeMachine, type Machine } from "./machine.ts";

const MIB = 2 ** 20;
const KIB = 2 ** 10;

/** Milliseconds in which the server comes to rest, and those that a quick run waits. */
const REST_MS = 3000;
const QUICK_REST_MS = 1500;

/** Looks at the memory while there is load. */
const LOOKS = 20;

const DISK = 256 * MIB;

export interface Growth {
  readonly machine: Machine;
  /** MiB without a session: resident, and the server's share of what others use too (PSS). */
  readonly idleRss: number;
  readonly idlePss: number;
  readonly sessions: number;
  /** KiB of each session at rest. */
  readonly sessionRss: number;
  readonly sessionPss: number;
  readonly luns: number;
  /** Milliseconds from the start of the process to its first portal, with one LUN and with many. */
  readonly startOne: number;
  readonly startMany: number;
  /** KiB of each LUN. */
  readonly lunRss: number;
  /** Seconds of full load, and the MiB that were resident at equal distances in them. */
  readonly seconds: number;
  readonly commands: number;
  readonly underLoad: readonly number[];
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

async function timed<T>(action: () => Promise<T>): Promise<[milliseconds: number, result: T]> {
  const began = performance.now();
  const result = await action();
  return [performance.now() - began, result];
}

/** Looks at the memory at equal distances while a load runs. */
async function watchLoad(
  server: TestServer,
  generator: LoadGenerator,
  seconds: number,
): Promise<{ readonly commands: number; readonly underLoad: number[] }> {
  const shape = {
    port: server.port,
    target: TARGET_NAME,
    luns: [0],
    sessions: 16,
    depth: 16,
    length: 4 * KIB,
    reads: 0.7,
    sequential: false,
    span: DISK,
    blocksize: 512,
    digests: false,
  };
  const underLoad: number[] = [];
  const run = generator.run(shape, seconds);
  for (let look = 0; look < LOOKS; look++) {
    await pause(seconds * 1000 / (LOOKS + 1));
    underLoad.push((await footprint(server.pid)).rss / MIB);
  }
  return { commands: (await run).total, underLoad };
}

/** Measures all of it; `sessions` are opened, and there is load on a file in memory for `seconds`. */
export async function measureGrowth(
  generator: LoadGenerator,
  sessions: number,
  seconds: number,
  isQuick: boolean,
): Promise<Growth> {
  const dir = await Deno.makeTempDir({ dir: "/dev/shm", prefix: "scst_bench_" });
  try {
    const yaml = diskYaml([{ filename: backingFile(dir, "disk.img", DISK) }]);
    return await measureWith(yaml, generator, sessions, seconds, isQuick);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

async function measureWith(
  yaml: string,
  generator: LoadGenerator,
  sessions: number,
  seconds: number,
  isQuick: boolean,
): Promise<Growth> {
  const machine = describeMachine();
  const rest = () => pause(isQuick ? QUICK_REST_MS : REST_MS);
  const [startOne, server] = await timed(() => startTestServer(yaml));
  await using _server = server;
  await rest();
  const idle = await footprint(server.pid);
  const each = (now: Footprint, kind: keyof Footprint) => (now[kind] - idle[kind]) / sessions / KIB;
  let crowded: Footprint;
  {
    await using _crowd = await SessionCrowd.open(server, sessions);
    await rest();
    crowded = await footprint(server.pid);
  }
  const { commands, underLoad } = await watchLoad(server, generator, seconds);
  const [startMany, many] = await timed(() => startTestServer(manyLunsYaml()));
  await using _many = many;
  await rest();
  const lunRss = ((await footprint(many.pid)).rss - idle.rss) / LUNS_MOST / KIB;
  return {
    machine,
    idleRss: idle.rss / MIB,
    idlePss: idle.pss / MIB,
    sessions,
    sessionRss: each(crowded, "rss"),
    sessionPss: each(crowded, "pss"),
    luns: LUNS_MOST,
    startOne,
    startMany,
    lunRss,
    seconds,
    commands,
    underLoad,
  };
}
