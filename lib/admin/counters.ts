/** The statistics of sessions, and of targets, which are the sums over their sessions. */
import type { Administration } from "./administration.ts";
import type { Direction, SessionView } from "./engine.ts";
import { changeable, type Entries, readable } from "./nodes.ts";

type Counters = SessionView["counters"];

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

/** The statistics of a target; sessions that have ended are not counted any more. */
export function targetCounters(administration: Administration, target: string): Entries {
  const sum = async (count: CounterRow["count"]) => {
    const sessions = administration.sessionsOf(target);
    const states = await Promise.all(sessions.map(({ sid }) => administration.engine.session(sid)));
    return states.reduce((total, one) => total + (one === undefined ? 0 : count(one.counters)), 0);
  };
  return Object.fromEntries(
    ROWS.map(({ name, count }) => [name, () => readable(async () => `${await sum(count)}\n`)]),
  );
}

/** The statistics of a session; whatever is written to one resets those of its direction. */
export function sessionStatistics(administration: Administration, sid: string): Entries {
  return Object.fromEntries(ROWS.map(({ name, direction, count }) => [name, () =>
    changeable(
      async () => {
        const state = await administration.engine.session(sid);
        return `${state === undefined ? 0 : count(state.counters)}\n`;
      },
      () => administration.resetCounters(sid, direction),
    )]
  ));
}
