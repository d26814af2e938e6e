/** libiscsi's load generator, `iscsi-perf`. */
import { runTool } from "../harness/tools.ts";

/**
 * Finds the result in what iscsi-perf writes: a line that it rewrites with carriage returns, of
 * which the last version reads `iops average N (M MB/s)` and nothing else.
 *
 * @returns I/O operations a second, or undefined if it did not come to a result
 */
export function parseIops(stdout: string): number | undefined {
  const match = /\riops average (\d+) \(\d+ MB\/s\)/.exec(stdout);
  return match === null ? undefined : Number(match[1]);
}

/**
 * Random reads through one session.
 *
 * @param depth requests kept in flight
 * @param seconds how long to run
 * @param blocks blocks that each of them reads
 * @returns I/O operations a second
 */
export async function randomReadIops(
  url: string,
  depth: number,
  seconds: number,
  blocks = 1,
): Promise<number> {
  const args = ["-r", "-b", String(blocks), "-m", String(depth), "-t", String(seconds), url];
  const result = await runTool("iscsi-perf", args, (seconds + 20) * 1000);
  const iops = parseIops(result.stdout);
  if (result.code !== 0 || iops === undefined) {
    throw new Error(`iscsi-perf ${args.join(" ")} failed: ${result.stderr || result.stdout}`);
  }
  return iops;
}
