/**
 * `deno task bench:sessions`: what many sessions cost. It opens them, looks at the memory of the
 * server and at what a NOP and a read take while all of them are open, puts load on some, and looks
 * again when they rest and when they have logged out.
 *
 *     deno task bench:sessions [--sessions 1000] [--loaded 200] [--depth 4] [--seconds 10]
 *
 * Every read under load is compared with what was written. SCST_BIN names a compiled binary to measure
 * instead of the sources. The goals are printed with the figures; they never decide the exit code.
 */
import { parseArgs } from "node:util";
import { readBlocks } from "../harness/block_io.ts";
import { fileDisks } from "../harness/disks.ts";
import { type Footprint, footprint } from "../harness/memory.ts";
import { startTestServer } from "../harness/server.ts";
import { SessionCrowd } from "../harness/session_crowd.ts";
import type { Session } from "../initiator/session.ts";
import { integer, print, runBench } from "./options.ts";
import { median } from "./statistics.ts";

const MIB = 2 ** 20;

/** What the project promises: MiB of the server without sessions, KiB of a session at rest. */
const IDLE_GOAL = 90;
const SESSION_GOAL = 300;

/** Requests whose answer is timed, one after the other, each in a session of its own as far as they go. */
const TIMED = 200;

/** Milliseconds in which the server comes to rest. */
const REST_MS = 3000;

function rest(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, REST_MS));
}

/** Prints a line of the table; the figures are the mean for each of `sessions` beyond `before`. */
function row(name: string, now: Footprint, before?: Footprint, sessions = 0): void {
  const columns = [now.rss, now.pss].map((bytes) => (bytes / MIB).toFixed(1).padStart(9));
  if (before !== undefined && sessions > 0) {
    for (const kind of ["rss", "pss"] as const) {
      const each = (now[kind] - before[kind]) / sessions / 1024;
      columns.push(each.toFixed(0).padStart(12));
    }
  }
  print(`${name.padEnd(34)}${columns.join("")}`);
}

/** Says how long requests took that went through many sessions in turn. */
async function time(
  name: string,
  sessions: readonly Session[],
  request: (session: Session) => Promise<unknown>,
): Promise<void> {
  const times: number[] = [];
  for (let index = 0; index < TIMED; index++) {
    const start = performance.now();
    await request(sessions[Math.floor(index * sessions.length / TIMED)]!);
    times.push(performance.now() - start);
  }
  const [middle, most] = [median(times), Math.max(...times)].map((value) => value.toFixed(2));
  print(`${name}: median ${middle} ms, longest ${most} ms of ${TIMED}`);
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    args: Deno.args,
    options: {
      sessions: { type: "string", default: "1000" },
      loaded: { type: "string", default: "200" },
      depth: { type: "string", default: "4" },
      seconds: { type: "string", default: "10" },
    },
  });
  const count = integer("sessions", values.sessions);
  const load = {
    sessions: Math.min(count, integer("loaded", values.loaded)),
    depth: integer("depth", values.depth),
    seconds: integer("seconds", values.seconds),
  };

  await using server = await startTestServer(fileDisks(Math.max(MIB, SessionCrowd.sizeOf(load))));
  await rest();
  const before = await footprint(server.pid);
  print("                                    RSS MiB  PSS MiB  KiB each RSS  and PSS");
  row(`no session (goal: < ${IDLE_GOAL} MiB)`, before);

  const start = performance.now();
  await using crowd = await SessionCrowd.open(server, count);
  const opening = performance.now() - start;
  await rest();
  row(`${count} idle (goal: < ${SESSION_GOAL} KiB)`, await footprint(server.pid), before, count);
  const begun = performance.now();
  const commands = await crowd.load(load);
  const seconds = (performance.now() - begun) / 1000;
  row(`${load.sessions} under load, at its end`, await footprint(server.pid), before, count);
  await rest();
  row("at rest after the load", await footprint(server.pid), before, count);

  const { sessions } = crowd;
  await time(`a NOP with ${count} sessions open`, sessions, (session) => session.nop());
  await time(`a read of 4 KiB`, sessions, (session) => readBlocks(session, 0, 8));
  await crowd.logout();
  await rest();
  row("all logged out", await footprint(server.pid), before, count);
  const rate = (opening / count).toFixed(2);
  print(`opening: ${(opening / 1000).toFixed(1)} s, ${rate} ms each`);
  const what = `${commands} reads and writes of 4 KiB, ${load.depth} under way in each session`;
  print(`load: ${what}: ${(commands / seconds).toFixed(0)} a second, all of them right`);
}

await runBench(main);
