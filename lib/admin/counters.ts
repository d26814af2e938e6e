/** The statistics of sessions, and of targets, which are the sums over their sessions. */
import type { Administration } from "./administration.ts";
import type { Direction, SessionCounters, Traffic } from "./engine.ts";
import { changeable, type Entries, readable } from "./nodes.ts";

type Count = (counters: SessionCounters) => number;

interface CounterRow {
  readonly name: string;
  readonly direction: Direction;
  readonly count: Count;
}

function traffic(direction: "read" | "write" | "bidi"): CounterRow[] {
  const row = (suffix: string, key: keyof Traffic): CounterRow => ({
    name: `${direction}_${suffix}`,
    direction,
    count: (counters) => counters[direction][key],
  });
  return [
    row("cmd_count", "commands"),
    row("io_count_kb", "kib"),
    row("unaligned_cmd_count", "unaligned"),
  ];
}

const ROWS: readonly CounterRow[] = [
  { name: "unknown_cmd_count", direction: "unknown", count: ({ unknown }) => unknown },
  { name: "none_cmd_count", direction: "none", count: ({ none }) => none },
  ...traffic("read"),
  ...traffic("write"),
  ...traffic("bidi"),
];

/** The statistics of a target; sessions that have ended are not counted any more. */
export function targetCounters(administration: Administration, target: string): Entries {
  const sum = async (count: Count) => {
    const sessions = administration.sessionsOf(target);
    const counters = await Promise.all(
      sessions.map(({ sid }) => administration.engine.sessionCounters(sid)),
    );
    return counters.reduce((total, one) => total + (one === undefined ? 0 : count(one)), 0);
  };
  return Object.fromEntries(
    ROWS.map(({ name, count }) => [name, () => readable(async () => `${await sum(count)}\n`)]),
  );
}

/** The statistics of a session; whatever is written to one resets those of its direction. */
export function sessionStatistics(administration: Administration, sid: string): Entries {
  const { engine } = administration;
  return Object.fromEntries(ROWS.map(({ name, direction, count }) => [name, () =>
    changeable(
      async () => {
        const counters = await engine.sessionCounters(sid);
        return `${counters === undefined ? 0 : count(counters)}\n`;
      },
      () => administration.resetCounters(sid, direction),
    )]
  ));
}
