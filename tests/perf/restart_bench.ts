/**
 * `deno task bench:restart`: how long initiators are without the server when it is killed (kill -9) under
 * load and started again at once: until a login is answered, and the longest that one command takes of an
 * initiator that logs in and sends it again.
 *
 *     deno task bench:restart [--rounds 10] [--disks 8]
 *
 * What the initiators have written is compared in the end. SCST_BIN names a compiled binary to measure
 * instead of the sources. The goal is printed with the figures; it never decides the exit code.
 */
import { parseArgs } from "node:util";
import { backingFile } from "../harness/disk_yaml.ts";
import { MortalServer } from "../harness/mortal_server.ts";
import { Random, testSeed } from "../harness/random.ts";
import { openSession } from "../harness/sessions.ts";
import { checkAll, Count, loggedLun, WriteLogger } from "../harness/write_logger.ts";
import { RetryingSession } from "../initiator/retrying.ts";
import type { Commander, CommandOptions } from "../initiator/session.ts";
import type { ScsiResult } from "../initiator/task.ts";
import { integer, print, runBench } from "./options.ts";
import { median } from "./statistics.ts";

/** Milliseconds that the project promises. */
const GOAL = 1000;
const SECTORS = 2048;

/** Notes how long the longest command has taken. */
class Timed implements Commander {
  longest = 0;
  #inner: Commander;

  constructor(inner: Commander) {
    this.#inner = inner;
  }

  async command(cdb: Uint8Array, options?: CommandOptions): Promise<ScsiResult> {
    const began = performance.now();
    const result = await this.#inner.command(cdb, options);
    this.longest = Math.max(this.longest, performance.now() - began);
    return result;
  }
}

/** Milliseconds of processor time that a process has had: what it would need on a machine of its own. */
function processorTime(pid: number): number {
  const stat = Deno.readTextFileSync(`/proc/${pid}/stat`);
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const TICK_MS = 10; // USER_HZ, which is 100 on every Linux
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS; // utime and stime of proc(5)
}

function row(name: string, times: readonly number[]): void {
  const [middle, most] = [median(times), Math.max(...times)].map((ms) => ms.toFixed(0));
  print(`${name}: median ${middle} ms, longest ${most} ms of ${times.length}`);
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    args: Deno.args,
    options: {
      rounds: { type: "string", default: "10" },
      disks: { type: "string", default: "8" },
    },
  });
  const [rounds, disks] = [integer("rounds", values.rounds), integer("disks", values.disks)];
  const count = new Count();
  const shape = { blocksize: 512, thin: true, writesThrough: false };
  const luns = Array.from({ length: disks }, (_, lun) => loggedLun(lun, SECTORS, shape, count));
  await using mortal = await MortalServer.start((dir) =>
    luns.map(({ lun }) => ({
      filename: backingFile(dir, `disk${lun}.img`, SECTORS * 512),
      thinProvisioned: true,
    }))
  );
  await using session = new RetryingSession(() => openSession(mortal.address));
  const timed = new Timed(session);
  const logger = new WriteLogger(timed, luns, new Random(testSeed()), count, { retries: true });
  const starts: number[] = [];
  const processor: number[] = [];
  const pauses: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const work = logger.work(500);
    timed.longest = 0;
    const before = logger.completed;
    while (logger.completed < before + 100) await new Promise((resolve) => setTimeout(resolve, 1));
    await mortal.kill();
    starts.push(await mortal.restart());
    processor.push(processorTime(mortal.server.pid));
    await work;
    pauses.push(timed.longest);
  }
  for (const lun of luns) await checkAll(session, lun);
  print(`kill -9 under load of a server with ${disks} disks; what was acknowledged is there`);
  row(`from the start to the first answered login (goal: < ${GOAL} ms)`, starts);
  row("the server's processor time by then", processor);
  row("the longest command of an initiator that retries", pauses);
}

await runBench(main);
