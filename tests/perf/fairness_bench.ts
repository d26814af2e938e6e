/**
 * `deno task bench:fairness`: what an initiator that waits for each answer (queue depth 1) keeps of the
 * reads that it does alone, while a greedy one keeps 128 under way; in turn, several rounds in one run.
 *
 *     deno task bench:fairness [--depth 128] [--rounds 5] [--seconds 3]
 *
 * SCST_BIN names a compiled binary to measure instead of the sources. The goal is printed with the
 * ratios; timing never decides the exit code. All of it shares the processors of one machine: what the
 * greedy client takes of them is in the figures.
 */
import { parseArgs } from "node:util";
import { writeRandomImage } from "../harness/image.ts";
import { lunUrl } from "../harness/lun_url.ts";
import { diskYaml, startTestServer, type TestServer } from "../harness/server.ts";
import { missingTools } from "../harness/tools.ts";
import { randomReadIops } from "./iscsi_perf.ts";
import { integer, print, runBench } from "./options.ts";
import { median, spread } from "./statistics.ts";

/** The least part of its reads that the patient one is to keep. */
const GOAL = 1 / 3;

/** Seconds for which the greedy one runs before and after what is measured. */
const MARGIN = 1;

interface Scene {
  readonly name: string;
  /** The LUN of the patient one, and that of the greedy one with the blocks of each of its reads. */
  readonly patient: number;
  readonly greedy: number;
  readonly blocks: number;
}

const SCENES: readonly Scene[] = [
  { name: "same LUN, 512 B", patient: 0, greedy: 0, blocks: 1 },
  { name: "same LUN, 16 KiB", patient: 0, greedy: 0, blocks: 32 },
  { name: "other LUN, 512 B", patient: 0, greedy: 1, blocks: 1 },
  { name: "other LUN, 16 KiB", patient: 0, greedy: 1, blocks: 32 },
];

interface Sample {
  readonly alone: number;
  readonly beside: number;
}

function row({ name }: Scene, samples: readonly Sample[]): string {
  const part = median(samples.map(({ alone, beside }) => beside / alone));
  const figure = (values: readonly number[]) =>
    `${median(values).toFixed(0).padStart(8)} ${
      `${Math.round(spread(values) * 100)} %`.padStart(5)
    }`;
  return [
    name.padEnd(18),
    figure(samples.map(({ alone }) => alone)),
    figure(samples.map(({ beside }) => beside)),
    part.toFixed(2).padStart(6),
    `>= ${GOAL.toFixed(2)} ${part >= GOAL ? "met" : "missed"}`,
  ].join("  ");
}

async function measure(
  server: TestServer,
  scene: Scene,
  depth: number,
  seconds: number,
): Promise<Sample> {
  const patient = lunUrl(server, scene.patient);
  const alone = await randomReadIops(patient, 1, seconds);
  const { greedy, blocks } = scene;
  const load = randomReadIops(lunUrl(server, greedy), depth, seconds + 2 * MARGIN, blocks);
  await new Promise((resolve) => setTimeout(resolve, MARGIN * 1000));
  const beside = await randomReadIops(patient, 1, seconds);
  await load;
  return { alone, beside };
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    args: Deno.args,
    options: {
      depth: { type: "string", default: "128" },
      rounds: { type: "string", default: "5" },
      seconds: { type: "string", default: "3" },
    },
  });
  const depth = integer("depth", values.depth);
  const rounds = integer("rounds", values.rounds);
  const seconds = integer("seconds", values.seconds);
  const missing = missingTools(["iscsi-perf"]);
  if (missing !== undefined) throw new Error(missing);

  const dir = await Deno.makeTempDir({ dir: "/dev/shm", prefix: "scst_bench_" });
  try {
    const disks = ["one", "other"].map((name) => {
      const filename = `${dir}/${name}.img`;
      writeRandomImage(filename, 64 * 2 ** 20);
      return { filename };
    });
    const yaml = diskYaml(disks).replace("    luns:", `    QueuedCommands: ${depth}\n    luns:`);
    await using server = await startTestServer(yaml);
    const samples = new Map<Scene, Sample[]>(SCENES.map((scene) => [scene, []]));
    for (let round = 0; round < rounds; round++) {
      for (const [scene, taken] of samples) {
        taken.push(await measure(server, scene, depth, seconds));
      }
    }
    print(`Reads of 512 bytes a second at depth 1, alone and beside reads at depth ${depth}:`);
    print(`median of ${rounds} rounds of ${seconds} s and their spread`);
    print("greedy one                  alone         beside  beside / alone  goal");
    for (const [scene, taken] of samples) print(row(scene, taken));
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

await runBench(main);
