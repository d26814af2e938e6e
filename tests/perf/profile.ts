/**
 * Where the server's time goes: samples of perf(1), with the names that V8 gives its code
 * (--perf-basic-prof). The sources are measured, as V8 takes flags for `deno run` only.
 */
import { backingFile, diskYaml, startTestServer } from "../harness/server.ts";
import { runTool, toolOutput } from "../harness/tools.ts";
import type { LoadGenerator } from "./load/load.ts";
import type { LoadShape } from "./load/shape.ts";
import { SMALL_DISK, SMALL_READS } from "./load/small_reads.ts";
import { describeMachine, type Machine } from "./machine.ts";

const KIB = 2 ** 10;

/** Samples a second. */
const FREQUENCY = 1999;

/** Entries of each case that are kept. */
const ENTRIES = 10;

const CASES: Readonly<Record<string, Partial<LoadShape>>> = {
  "512-byte reads, queue depth 32": {},
  "512-byte reads, queue depth 1": { depth: 1 },
  "4 KiB writes, queue depth 32": { length: 4 * KIB, reads: 0 },
  "64 KiB reads and writes, queue depth 16": { length: 64 * KIB, depth: 16, reads: 0.5 },
};

/** What a part of the time was spent in. */
export interface Entry {
  /** From 0 to 1. */
  readonly part: number;
  readonly symbol: string;
}

export interface ProfileCase {
  readonly load: string;
  /** The parts of kernel, compiled TypeScript, C library, and of the runtime. */
  readonly rooms: readonly Entry[];
  readonly entries: readonly Entry[];
}

export interface Profile {
  readonly machine: Machine;
  readonly cases: readonly ProfileCase[];
}

/** What a symbol is called here: functions of ours with their file, those of the kernel as such. */
function nameOf(symbol: string): string {
  const own = /^\[\.\] JS:[^\w#]*(?:o[*+])?(.*) file:\/\/\S*?\/((?:lib|ffi)\/\S+?\.ts):\d/.exec(
    symbol,
  );
  if (own !== null) return `${own[1]}, ${own[2]}`;
  return symbol.replace(/^\[k\] (\S+).*$/, "$1 (kernel)").replace(/^\[\.\] /, "");
}

/** Reads the table that `perf report --stdio` prints: a percentage and what it belongs to. */
export function parseReport(text: string): Entry[] {
  const lines = text.split("\n").map((line) => /^\s*([\d.]+)%\s+(\S.*?)\s*$/.exec(line));
  return lines.filter((match) => match !== null).map(([, percent, symbol]) => ({
    part: Number(percent) / 100,
    symbol: nameOf(symbol!.replace(/(\s+-)+$/, "")),
  }));
}

/** The same entries with one for each symbol, the largest first. */
export function mergeEntries(entries: readonly Entry[]): Entry[] {
  const parts = new Map<string, number>();
  for (const { part, symbol } of entries) parts.set(symbol, (parts.get(symbol) ?? 0) + part);
  const merged = Array.from(parts, ([symbol, part]) => ({ part, symbol }));
  return merged.sort((a, b) => b.part - a.part);
}

/** Whose code an object file is: that of the kernel, of V8's compiler, of the C library or of Deno. */
function roomOf({ part, symbol }: Entry): Entry {
  if (symbol.startsWith("[kernel")) return { part, symbol: "kernel" };
  if (symbol.startsWith("[JIT]")) return { part, symbol: "TypeScript" };
  if (/^(libc|ld-|\[vdso)/.test(symbol)) return { part, symbol: "C library" };
  return { part, symbol: /^deno/.test(symbol) ? "runtime (V8, Deno)" : symbol };
}

async function report(data: string, sort: string): Promise<Entry[]> {
  const args = ["report", "-i", data, "--stdio", "--no-children", "-s", sort];
  const { stdout } = await runTool("perf", args);
  return mergeEntries(parseReport(stdout));
}

/** Takes samples of the server for so many seconds under each of the loads. */
export async function measureProfile(generator: LoadGenerator, seconds: number): Promise<Profile> {
  const machine = describeMachine();
  const binary = Deno.env.get("SCST_BIN");
  const dir = await Deno.makeTempDir({ dir: "/dev/shm", prefix: "scst_bench_" });
  try {
    Deno.env.delete("SCST_BIN");
    const filename = backingFile(dir, "disk.img", SMALL_DISK);
    // V8 would leave its log where the bench was started.
    const flags = `--perf-basic-prof,--no-logfile-per-isolate,--logfile=${dir}/v8.log`;
    const env = { DENO_V8_FLAGS: flags };
    await using server = await startTestServer(diskYaml([{ filename }]), { env });
    const cases: ProfileCase[] = [];
    for (const [load, own] of Object.entries(CASES)) {
      const shape = { ...SMALL_READS, ...own, port: server.port };
      await generator.run(shape, seconds);
      const data = `${dir}/perf.data`;
      const options = ["record", "-F", String(FREQUENCY), "-p", String(server.pid), "-o", data];
      await generator.run(shape, seconds + 1, () => {
        const sampled = toolOutput("perf", [...options, "--", "sleep", String(seconds)]);
        return Promise.resolve(async () => {
          await sampled;
        });
      });
      const rooms = mergeEntries((await report(data, "dso")).map(roomOf));
      const entries = (await report(data, "symbol")).slice(0, ENTRIES);
      cases.push({ load, rooms: rooms.slice(0, 4), entries });
    }
    return { machine, cases };
  } finally {
    if (binary !== undefined) Deno.env.set("SCST_BIN", binary);
    await Deno.remove(dir, { recursive: true });
  }
}
