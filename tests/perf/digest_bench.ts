/**
 * `deno task bench:digests`: reads and writes of 64 KiB through one session without digests and with
 * CRC32C of headers and data, in turn, several rounds in one run: with libisal if it is installed, and
 * on the portable path, which computes CRC32C in TypeScript.
 *
 *     deno task bench:digests [--rounds 5] [--seconds 2] [--depth 8] [--length 65536]
 *
 * Beside the rate it prints the server's own processor time for each command: another program on the
 * machine changes that less. SCST_BIN names a compiled binary to measure instead of the sources.
 */
import { parseArgs } from "node:util";
import { openIsal } from "../../ffi/isal.ts";
import { BOTH } from "../harness/digest_modes.ts";
import { writeRandomImage } from "../harness/image.ts";
import { diskYaml, startTestServer, type TestServer } from "../harness/server.ts";
import { loadBlocks, type LoadShape } from "./block_load.ts";
import { integer, print, runBench } from "./options.ts";
import { median } from "./statistics.ts";

const IMAGE_SIZE = 4 * 1024 * 1024;
/** Ticks of /proc in a second (USER_HZ), the same on every Linux. */
const TICKS = 100;

/** What one command costs. */
interface Sample {
  /** Microseconds from one answer to the next. */
  readonly wall: number;
  /** Microseconds of the server on the processors. */
  readonly cpu: number;
}

/** Seconds that a process has had the processors, by itself and in the kernel (proc(5)). */
async function processorTime(pid: number): Promise<number> {
  const stat = await Deno.readTextFile(`/proc/${pid}/stat`);
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / TICKS;
}

async function sample(server: TestServer, shape: LoadShape, seconds: number): Promise<Sample> {
  const [began, before] = [performance.now(), await processorTime(server.pid)];
  const count = await loadBlocks(server, shape, seconds);
  const cpu = await processorTime(server.pid) - before;
  return { wall: (performance.now() - began) * 1000 / count, cpu: cpu * 1e6 / count };
}

function row(name: string, plain: readonly Sample[], sealed: readonly Sample[]): string {
  const columns = (["wall", "cpu"] as const).flatMap((kind) => {
    const more = sealed.map((one, round) => one[kind] / plain[round]![kind] - 1);
    const figures = [plain, sealed].map((samples) => median(samples.map((one) => one[kind])));
    return [...figures.map((figure) => figure.toFixed(1)), `${(median(more) * 100).toFixed(0)} %`];
  });
  return [name.padEnd(22), ...columns.map((column) => column.padStart(8))].join("");
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    args: Deno.args,
    options: {
      rounds: { type: "string", default: "5" },
      seconds: { type: "string", default: "2" },
      depth: { type: "string", default: "8" },
      length: { type: "string", default: "65536" },
    },
  });
  const rounds = integer("rounds", values.rounds);
  const seconds = integer("seconds", values.seconds);
  const shape = { depth: integer("depth", values.depth), length: integer("length", values.length) };

  const servers: Record<string, string> = { TypeScript: "1" };
  if (openIsal() === undefined) print("libisal is not installed: it is left out");
  else servers.libisal = "0";
  const dir = await Deno.makeTempDir({ dir: "/dev/shm", prefix: "scst_bench_" });
  try {
    const filename = `${dir}/disk.img`;
    writeRandomImage(filename, IMAGE_SIZE);
    print(`microseconds a command, depth ${shape.depth}, ${rounds} rounds of ${seconds} s`);
    print("                           none  CRC32C    more    none  CRC32C    more");
    print("                        in all                  the server alone");
    for (const [name, portable] of Object.entries(servers).reverse()) {
      await using server = await startTestServer(diskYaml([{ filename }]), {
        env: { SCST_PORTABLE: portable },
      });
      for (const writes of [false, true]) {
        const plain: Sample[] = [];
        const sealed: Sample[] = [];
        await loadBlocks(server, { ...shape, writes, keys: BOTH.keys }, 1);
        for (let round = 0; round < rounds; round++) {
          plain.push(await sample(server, { ...shape, writes, keys: {} }, seconds));
          sealed.push(await sample(server, { ...shape, writes, keys: BOTH.keys }, seconds));
        }
        print(row(`${name}, ${writes ? "writes" : "reads"}`, plain, sealed));
      }
    }
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

await runBench(main);
