/** The statistics of sessions, and of targets, which are the sums over their sessions. */
import type { Administration } from "./administration.ts";
import type { Counters, Direction } from "./engine.ts";
import { changeable, type Entries, readable } from "./nodes.ts";

interface CounterRow {
  readonly name: string;
  readonly direction: Direction;
  readonly count: (counters: Counters) => number;
}

function commands(name: string, direction: Direction): CounterRow {
  return { name, direction, count: (counters) => counters[direction].count };
}

function traffic(direction: "read" | "write" | "bidi"): CounterRow[] {
  return [
    commands(`${direction}_cmd_count`, direction),
    {
      name: `${direction}_io_count_kb`,
      direction,
      count: (counters) => Math.floor(counters[direction].bytes / 1024),
    },
    {
      name: `${direction}_unaligned_cmd_count`,
      direction,
      count: (counters) => counters[direction].unaligned,
    },
  ];
}

const ROWS: readonly CounterRow[] = [
  commands("unknown_cmd_count", "unknown"),
  commands("none_cmd_count", "none"),
  ...traffic("read"),
  ...traffic("write"),
  ...traffic("bidi"),
];

/** Counters as they are read; undefined where there are none any more. */
type ReadCounters = () => Promise<Counters | undefined>;

/** Statistics that can only be read: those of a target. */
export function statistics(read: ReadCounters): Entries {
  return Object.fromEntries(
    ROWS.map(({ name, count }) => [name, () => readable(() => textOf(read, count))]),
  );
}

/** The statistics of a session; whatever is written to one resets those of its direction. */
export function resettableStatistics(
  read: ReadCounters,
  reset: (direction: Direction) => Promise<void>,
): Entries {
  return Object.fromEntries(
    ROWS.map((
      { name, direction, count },
    ) => [name, () => changeable(() => textOf(read, count), () => reset(direction))]),
  );
}

async function textOf(read: ReadCounters, count: CounterRow["count"]): Promise<string> {
  const counters = await read();
  return `${counters === undefined ? 0 : count(counters)}\n`;
}

/** The statistics of a target; sessions that have ended are not counted any more. */
export function targetCounters(administration: Administration, target: string): Entries {
  return statistics(async () => {
    const sessions = administration.sessionsOf(target);
    const states = await Promise.all(sessions.map(({ sid }) => administration.engine.session(sid)));
    return sumOf(states.flatMap((state) => state?.counters ?? []));
  });
}

function sumOf(all: readonly Counters[]): Counters {
  const sum = (direction: Direction) => ({
    count: total(all, (counters) => counters[direction].count),
    bytes: total(all, (counters) => counters[direction].bytes),
    unaligned: total(all, (counters) => counters[direction].unaligned),
  });
  return {
    none: sum("none"),
    read: sum("read"),
    write: sum("write"),
    bidi: sum("bidi"),
    unknown: sum("unknown"),
  };
}

function total(all: readonly Counters[], part: (counters: Counters) => number): number {
  return all.reduce((sum, counters) => sum + part(counters), 0);
}
