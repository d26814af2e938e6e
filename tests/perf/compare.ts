/**
 * `deno task bench:compare BEFORE AFTER`: two executables in turn under a few loads, to see what a
 * change is worth. It prints the processor time of a command, which other programs on the machine
 * change less than the rate, and the medians of the ratios.
 *
 *     deno task bench:compare dist/before dist/scst [--rounds 5] [--seconds 1] [--disk /var/tmp]
 */
import { parseArgs } from "node:util";
import { backingFile, diskYaml, startTestServer, type TestServer } from "../harness/server.ts";
import { writeRandomImage } from "../harness/image.ts";
import { LoadGenerator } from "./load/load.ts";
import type { LoadShape } from "./load/shape.ts";
import { SMALL_DISK, SMALL_READS } from "./load/small_reads.ts";
import { markdownTable } from "./markdown.ts";
import { integer, print, runBench } from "./options.ts";
import { processorTime } from "./processor_time.ts";
import { median } from "./statistics.ts";

const KIB = 2 ** 10;

/** LUNs beside LUN 0, which is a file in memory. */
const ON_DISK = 1;
const THROUGH = 2;
const NULL_DISKS = Array.from({ length: 1000 }, (_, index) => THROUGH + 1 + index);

const LOADS: Readonly<Record<string, Partial<LoadShape>>> = {
  "read 512 B, depth 1": { depth: 1 },
  "read 512 B, depth 4": { depth: 4 },
  "read 512 B, depth 32": {},
  "read 512 B, 64 sessions": { sessions: 64, depth: 4 },
  "write 4 KiB, depth 32": { length: 4 * KIB, reads: 0 },
  "70/30 4 KiB, depth 32": { length: 4 * KIB, reads: 0.7 },
  "read 64 KiB, depth 16": { length: 64 * KIB, depth: 16, sequential: true },
  "write 64 KiB, depth 16": { length: 64 * KIB, depth: 16, sequential: true, reads: 0 },
  "write 1 MiB, depth 8": { length: KIB * KIB, depth: 8, sequential: true, reads: 0 },
  "read 64 KiB, digests": { length: 64 * KIB, depth: 16, digests: true },
  "read 512 B, 1000 null disks": { luns: NULL_DISKS },
  "write 4 KiB to disk, depth 32": { luns: [ON_DISK], length: 4 * KIB, reads: 0 },
  "write 4 KiB to disk, depth 1": { luns: [ON_DISK], length: 4 * KIB, reads: 0, depth: 1 },
  "write 4 KiB through, depth 32": { luns: [THROUGH], length: 4 * KIB, reads: 0 },
  "write 4 KiB through, depth 1": { luns: [THROUGH], length: 4 * KIB, reads: 0, depth: 1 },
};

interface Sample {
  readonly cpu: number;
  readonly rate: number;
}

/** Where files lie in memory, and where on disk. */
interface Dirs {
  readonly memory: string;
  readonly disk: string;
}

/** Starts an executable with files of its own, which no other server may write. */
async function start(binary: string, { memory, disk }: Dirs, name: string): Promise<TestServer> {
  const file = (dir: string, kind: string) => {
    const filename = backingFile(dir, `${name}_${kind}.img`, SMALL_DISK);
    writeRandomImage(filename, SMALL_DISK);
    return filename;
  };
  Deno.env.set("SCST_BIN", binary);
  return await startTestServer(diskYaml([
    { filename: file(memory, "memory") },
    { filename: file(disk, "disk") },
    { filename: file(disk, "through"), writeThrough: true },
    ...NULL_DISKS.map(() => ({ size: "64MiB" })),
  ]));
}

async function sample(
  generator: LoadGenerator,
  server: TestServer,
  load: Partial<LoadShape>,
  seconds: number,
): Promise<Sample> {
  let cpu = 0;
  const shape = { ...SMALL_READS, ...load, port: server.port };
  const { total, count, seconds: took } = await generator.run(shape, seconds, async () => {
    const before = await processorTime(server.pid);
    return async () => {
      cpu = await processorTime(server.pid) - before;
    };
  });
  return { cpu: cpu * 1e6 / total, rate: count / took };
}

function row(name: string, before: readonly Sample[], after: readonly Sample[]): string[] {
  const cpu = [before, after].map((samples) => median(samples.map((one) => one.cpu)).toFixed(2));
  const ratios = (["cpu", "rate"] as const).map((kind) =>
    median(after.map((one, round) => one[kind] / before[round]![kind])).toFixed(2)
  );
  return [name, ...cpu, ...ratios];
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    args: Deno.args,
    allowPositionals: true,
    options: {
      rounds: { type: "string", default: "5" },
      seconds: { type: "string", default: "1" },
      disk: { type: "string", default: "/var/tmp" },
    },
  });
  const [before, after] = positionals;
  if (before === undefined || after === undefined || positionals.length > 2) {
    throw new Error("Two executables are wanted: the one before a change and the one after it");
  }
  const rounds = integer("rounds", values.rounds);
  const seconds = integer("seconds", values.seconds);
  using generator = new LoadGenerator();
  const prefix = "scst_bench_";
  const memory = await Deno.makeTempDir({ dir: "/dev/shm", prefix });
  const disk = await Deno.makeTempDir({ dir: values.disk, prefix });
  try {
    await using one = await start(before, { memory, disk }, "before");
    await using other = await start(after, { memory, disk }, "after");
    await compare(generator, one, other, rounds, seconds);
  } finally {
    for (const dir of [memory, disk]) await Deno.remove(dir, { recursive: true });
  }
}

async function compare(
  generator: LoadGenerator,
  one: TestServer,
  other: TestServer,
  rounds: number,
  seconds: number,
): Promise<void> {
  for (const server of [one, other]) {
    for (const load of Object.values(LOADS)) await sample(generator, server, load, 0.3);
  }
  const rows: string[][] = [];
  for (const [name, load] of Object.entries(LOADS)) {
    const samples: Sample[][] = [[], []];
    for (let round = 0; round < rounds; round++) {
      // Who comes first changes from round to round.
      for (const which of round % 2 === 0 ? [0, 1] : [1, 0]) {
        const server = which === 0 ? one : other;
        samples[which]!.push(await sample(generator, server, load, seconds));
      }
    }
    rows.push(row(name, samples[0]!, samples[1]!));
  }
  print(`medians of ${rounds} rounds of ${seconds} s\n`);
  print(markdownTable(["load", "us before", "us after", "us ratio", "rate ratio"], rows));
}

await runBench(main);
