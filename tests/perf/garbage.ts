/**
 * What V8 has to collect while commands come: the data path is to leave nothing behind for each of
 * them. The sources are measured, as V8 traces its collections for `deno run` only.
 */
import { backingFile, diskYaml, startTestServer } from "../harness/server.ts";
import type { LoadGenerator } from "./load/load.ts";
import type { LoadShape } from "./load/shape.ts";
import { SMALL_DISK, SMALL_READS } from "./load/small_reads.ts";
import { describeMachine, type Machine } from "./machine.ts";

const KIB = 2 ** 10;
const MIB = 2 ** 20;

/** What stdbuf(1) sets so that a program writes each line at once, though into a pipe. */
const LINE_BY_LINE = { _STDBUF_O: "L", LD_PRELOAD: "/usr/libexec/coreutils/libstdbuf.so" };

/** Pauses that are counted, in milliseconds. */
const LONG = 1;

const LOADS: Readonly<Record<string, Partial<LoadShape>>> = {
  "reads of 512 B": {},
  "writes of 4 KiB": { length: 4 * KIB, reads: 0 },
  "70/30 of 4 KiB, 16 sessions": { length: 4 * KIB, reads: 0.7, sessions: 16, depth: 8 },
  "reads and writes of 64 KiB, digests": { length: 64 * KIB, depth: 16, reads: 0.5, digests: true },
};

/** One collection. */
export interface Collection {
  /** MiB that were there before and after it. */
  readonly before: number;
  readonly after: number;
  /** Milliseconds for which nothing else ran. */
  readonly pause: number;
}

export interface GarbageRow {
  readonly load: string;
  readonly commands: number;
  readonly collections: number;
  /** Bytes that each command has left behind. */
  readonly bytes: number;
  /** Pauses of more than a millisecond, and the longest one. */
  readonly long: number;
  readonly longest: number;
}

export interface Garbage {
  readonly machine: Machine;
  readonly rows: readonly GarbageRow[];
}

/** Finds the collections in what --trace-gc has written. */
export function parseCollections(text: string): Collection[] {
  const pattern =
    /ms: \S.*? ([\d.]+) \([\d.]+\) -> ([\d.]+) \([\d.]+\) MB,.*? ([\d.]+) \/ [\d.]+ ms/g;
  return [...text.matchAll(pattern)].map(([, before, after, pause]) => ({
    before: Number(before),
    after: Number(after),
    pause: Number(pause),
  }));
}

/** What the collections of one load amount to. */
export function summarize(
  load: string,
  commands: number,
  found: readonly Collection[],
): GarbageRow {
  const freed = found.reduce((sum, { before, after }) => sum + Math.max(0, before - after), 0);
  return {
    load,
    commands,
    collections: found.length,
    bytes: freed * MIB / commands,
    long: found.filter(({ pause }) => pause > LONG).length,
    longest: Math.max(0, ...found.map(({ pause }) => pause)),
  };
}

/** Puts each load on for so many seconds, when the code for it has been compiled. */
export async function measureGarbage(generator: LoadGenerator, seconds: number): Promise<Garbage> {
  const machine = describeMachine();
  const binary = Deno.env.get("SCST_BIN");
  const dir = await Deno.makeTempDir({ dir: "/dev/shm", prefix: "scst_bench_" });
  try {
    Deno.env.delete("SCST_BIN");
    const filename = backingFile(dir, "disk.img", SMALL_DISK);
    const env = { DENO_V8_FLAGS: "--trace-gc", ...LINE_BY_LINE };
    await using server = await startTestServer(diskYaml([{ filename }]), { env });
    const rows: GarbageRow[] = [];
    for (const [name, load] of Object.entries(LOADS)) {
      const shape = { ...SMALL_READS, ...load, port: server.port };
      await generator.run(shape, seconds);
      const before = server.stdout().length;
      const { total } = await generator.run(shape, seconds);
      rows.push(summarize(name, total, parseCollections(server.stdout().slice(before))));
    }
    return { machine, rows };
  } finally {
    if (binary !== undefined) Deno.env.set("SCST_BIN", binary);
    await Deno.remove(dir, { recursive: true });
  }
}
