/**
 * `deno task fuzz`: fires mutated logins and mutated PDUs at the server: in process, where that is
 * fast and everything can be looked at, and through TCP at a server of its own.
 *
 *     deno task fuzz [--logins 1000000] [--pdus 1000000] [--connections 10000]
 *                    [--seed N] [--seconds N]
 *     deno task fuzz --only logins|pdus --seed N --from CASE [--cases 1]
 *
 * `--seconds` ends each of the three parts early. Exits with 1 at the first failure, with the line
 * that shows it again.
 */
import { parseArgs } from "node:util";
import { print } from "../perf/options.ts";
import type { Aim } from "./campaign.ts";
import { fireThroughTcp } from "./tcp_campaign.ts";
import { type Outcome, runWatched } from "./watched.ts";

const MIB = 2 ** 20;

/** The program's usage errors: one sentence, exit code 2. */
class UsageError extends Error {}

const { values } = (() => {
  try {
    return parseArgs({
      options: {
        logins: { type: "string", default: "1000000" },
        pdus: { type: "string", default: "1000000" },
        connections: { type: "string", default: "10000" },
        seed: { type: "string" },
        seconds: { type: "string" },
        only: { type: "string" },
        from: { type: "string", default: "0" },
        cases: { type: "string" },
      },
    });
  } catch (error) {
    print(`error ${error instanceof Error ? error.message : error}`);
    Deno.exit(2);
  }
})();

function number(name: keyof typeof values): number;
function number(name: keyof typeof values, fallback: undefined): number | undefined;
function number(name: keyof typeof values): number | undefined {
  const text = values[name];
  if (text === undefined) return undefined;
  if (!/^\d{1,10}$/.test(text)) throw new UsageError(`--${name} wants a number, not "${text}"`);
  return Number(text);
}

function heapText(heap: readonly number[]): string {
  if (heap.length === 0) return "";
  const [first, last] = [heap[0]!, heap.at(-1)!].map((bytes) => (bytes / MIB).toFixed(1));
  return `, heap ${first} MiB after the first ${heap.length > 1 ? `and ${last} after` : "and"} ` +
    `the last of ${heap.length} grounds`;
}

function describe(aim: Aim, { tally, seconds, heap }: Outcome): string {
  const { cases, logins, entered, pdus, handled, kept, answered, longest } = tally;
  const what = aim === "logins"
    ? `${logins} mutated logins, of which ${entered} came through`
    : `${pdus} mutated PDUs in ${cases} sessions, which took ${handled} PDUs in all`;
  return `${aim}: ${what}; the bystander had ${kept} commands checked and ${answered} pings ` +
    `answered; ${seconds.toFixed(1)} s, the longest case ${longest.toFixed(0)} ms${heapText(heap)}`;
}

async function fireInProcess(aim: Aim, seed: number, amount: number): Promise<boolean> {
  const from = number("from");
  const cases = number("cases", undefined);
  const seconds = number("seconds", undefined);
  const outcome = await runWatched({ aim, seed, from, amount, cases, seconds });
  const { failure } = outcome;
  if (failure === undefined) {
    print(describe(aim, outcome));
    return true;
  }
  print(`${aim}: failed\n${failure.story}\nreplay: deno task fuzz ${failure.replay}`);
  return false;
}

async function main(): Promise<boolean> {
  const seed = number("seed", undefined) ?? crypto.getRandomValues(new Uint32Array(1))[0]!;
  const { only } = values;
  if (only !== undefined && only !== "logins" && only !== "pdus") {
    throw new UsageError(`--only wants logins or pdus, not "${only}"`);
  }
  print(`seed ${seed}`);
  for (const aim of ["logins", "pdus"] as const) {
    const amount = number(aim);
    if (amount === 0 || only !== undefined && only !== aim) continue;
    if (!await fireInProcess(aim, seed, amount)) return false;
  }
  const connections = number("connections");
  if (only !== undefined || connections === 0) return true;
  print(await fireThroughTcp({ seed, connections, seconds: number("seconds", undefined) }));
  return true;
}

try {
  // A Worker that hangs would keep the process from its end.
  Deno.exit(await main() ? 0 : 1);
} catch (error) {
  if (!(error instanceof Error)) throw error;
  print(`error ${error instanceof UsageError ? error.message : error.stack}`);
  Deno.exit(error instanceof UsageError ? 2 : 1);
}
