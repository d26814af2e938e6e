/**
 * `deno task bench`: 512-byte random reads of one file in memory through one session, this
 * project's server and Debian's tgtd in turn, several rounds in one run.
 *
 *     deno task bench [--depths 1,32,128] [--rounds 5] [--seconds 3] [--mib 256]
 *
 * SCST_BIN names a compiled binary to measure instead of the sources. The goals are printed with
 * the ratios; timing never decides the exit code.
 */
import { parseArgs } from "node:util";
import { writeRandomImage } from "../harness/image.ts";
import { lunUrl } from "../harness/lun_url.ts";
import { diskYaml, startTestServer } from "../harness/server.ts";
import { missingTools } from "../harness/tools.ts";
import { randomReadIops } from "./iscsi_perf.ts";
import { integer, integers, print, runBench } from "./options.ts";
import { median, spread } from "./statistics.ts";
import { startTgtd } from "./tgtd.ts";

/** By queue depth, the least ratio to tgtd that the project promises. */
const GOALS: Readonly<Record<number, number>> = { 1: 1.0, 32: 2.0 };
/** Rounds that lie further apart say little. */
const NOISE = 0.2;

interface Sample {
  readonly ours: number;
  readonly peer: number;
}

function figure(values: readonly number[]): string {
  const percent = `${Math.round(spread(values) * 100)} %`;
  return `${median(values).toFixed(0).padStart(9)} ${percent.padStart(5)}`;
}

function row(depth: number, samples: readonly Sample[]): string {
  const ratio = median(samples.map(({ ours, peer }) => ours / peer));
  const ours = samples.map((sample) => sample.ours);
  const peer = samples.map((sample) => sample.peer);
  const goal = GOALS[depth];
  const verdict = goal === undefined
    ? ""
    : `>= ${goal.toFixed(1)} ${ratio >= goal ? "met" : "missed"}`;
  const noisy = Math.max(spread(ours), spread(peer)) > NOISE ? "noisy, repeat" : "";
  return [
    String(depth).padStart(5),
    figure(ours),
    figure(peer),
    ratio.toFixed(2).padStart(7),
    verdict,
    noisy,
  ]
    .join("  ").trimEnd();
}

/** Measures both at every depth, in every round, the first one alternating. */
async function measure(
  urls: { readonly ours: string; readonly peer: string },
  depths: readonly number[],
  rounds: number,
  seconds: number,
): Promise<Map<number, Sample[]>> {
  const samples = new Map<number, Sample[]>(depths.map((depth) => [depth, []]));
  for (let round = 0; round < rounds; round++) {
    for (const [depth, taken] of samples) {
      const oursFirst = round % 2 === 0;
      const first = await randomReadIops(oursFirst ? urls.ours : urls.peer, depth, seconds);
      const second = await randomReadIops(oursFirst ? urls.peer : urls.ours, depth, seconds);
      taken.push(oursFirst ? { ours: first, peer: second } : { ours: second, peer: first });
    }
  }
  return samples;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    args: Deno.args,
    options: {
      depths: { type: "string", default: "1,32" },
      rounds: { type: "string", default: "5" },
      seconds: { type: "string", default: "3" },
      mib: { type: "string", default: "256" },
    },
  });
  const depths = integers("depths", values.depths);
  const rounds = integer("rounds", values.rounds);
  const seconds = integer("seconds", values.seconds);
  const missing = missingTools(["iscsi-perf", "tgtd", "tgtadm"]);
  if (missing !== undefined) throw new Error(missing);

  const dir = await Deno.makeTempDir({ dir: "/dev/shm", prefix: "scst_bench_" });
  try {
    const filename = `${dir}/disk.img`;
    writeRandomImage(filename, integer("mib", values.mib) * 1024 * 1024);
    await using server = await startTestServer(diskYaml([{ filename }]));
    await using peer = await startTgtd(filename);
    const urls = { ours: lunUrl(server), peer: peer.url };
    for (const url of [urls.ours, urls.peer]) await randomReadIops(url, Math.max(...depths), 2);

    const samples = await measure(urls, depths, rounds, seconds);
    print(
      `512-byte random reads a second, median of ${rounds} rounds of ${seconds} s and their spread`,
    );
    print("depth             scst             tgtd    ratio  goal");
    for (const [depth, taken] of samples) print(row(depth, taken));
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

await runBench(main);
