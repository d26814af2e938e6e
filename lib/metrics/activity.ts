/** What goes on: rates and times of each LUN of each session, from two looks at a server. */
import type { FiguresView, WayFigures } from "../shard/server.ts";
import type { Feed } from "./feed.ts";
import { allWays, NOTHING, quantile, since, sumOf } from "./figures.ts";

/** Rates are of a second, times in microseconds: null where no command has ended. */
export interface Activity {
  readonly reads_per_s: number;
  readonly writes_per_s: number;
  readonly others_per_s: number;
  readonly read_bytes_per_s: number;
  readonly written_bytes_per_s: number;
  readonly failed_per_s: number;
  readonly median_us: number | null;
  readonly p99_us: number | null;
  readonly worst_us: number | null;
  /** Commands that were under way on average, of those that have ended. */
  readonly queue_mean: number;
}

/** Of all the time that it was there. */
export interface Totals {
  readonly reads: number;
  readonly writes: number;
  readonly others: number;
  readonly read_bytes: number;
  readonly written_bytes: number;
  readonly failed: number;
}

export interface LunActivity extends Activity {
  readonly target: string;
  readonly lun: number;
  readonly device: string;
  readonly initiator: string;
  readonly sid: string;
  /** Commands that are under way now. */
  readonly queue: number;
  readonly totals: Totals;
}

export interface ServerActivity {
  /** The time between the two looks. */
  readonly seconds: number;
  /** Those that wait for an answer and have had none first, then the busiest. */
  readonly luns: readonly LunActivity[];
  readonly queue: number;
  /** All of the above, and of the server since it started. */
  readonly all: Activity;
  readonly totals: Totals;
}

/** What went on between two feeds of a server, of which `before` may be of one that has ended. */
export function activityBetween(before: Feed, now: Feed): ServerActivity {
  const isSame = before.started === now.started;
  const seconds = Math.max(0.001, (now.at - (isSame ? before.at : now.started)) / 1000);
  const old = new Map<string, FiguresView>();
  if (isSame) {
    for (const { sid, luns } of before.sessions) {
      for (const { lun, device, figures } of luns) old.set(`${sid} ${lun} ${device}`, figures);
    }
  }
  const luns = now.sessions.flatMap(({ sid, target, initiator, luns }) =>
    luns.map(({ lun, device, commands, figures }): LunActivity => ({
      target,
      lun,
      device,
      initiator,
      sid,
      queue: commands,
      ...activityOf(since(old.get(`${sid} ${lun} ${device}`), figures), seconds),
      totals: totalsOf(figures),
    }))
  );
  const rate = (one: LunActivity) => {
    const ended = one.reads_per_s + one.writes_per_s + one.others_per_s;
    // What hangs is what somebody looks for, and would be the last one of all.
    return ended === 0 && one.queue > 0 ? Infinity : ended;
  };
  const sum = (feed: Feed) => feed.luns.reduce((all, { figures }) => sumOf(all, figures), NOTHING);
  const all = sum(now);
  return {
    seconds,
    luns: luns.toSorted((one, other) => rate(one) === rate(other) ? 0 : rate(other) - rate(one)),
    queue: now.sessions.reduce((count, { commands }) => count + commands, 0),
    all: activityOf(since(isSame ? sum(before) : undefined, all), seconds),
    totals: totalsOf(all),
  };
}

function activityOf(figures: FiguresView, seconds: number): Activity {
  const { read, write, none, failed } = figures;
  const times = allWays(figures);
  return {
    reads_per_s: read.commands / seconds,
    writes_per_s: write.commands / seconds,
    others_per_s: none.commands / seconds,
    read_bytes_per_s: read.bytes / seconds,
    written_bytes_per_s: write.bytes / seconds,
    failed_per_s: countOf(failed) / seconds,
    median_us: rounded(times, 0.5),
    p99_us: rounded(times, 0.99),
    worst_us: rounded(times, 1),
    queue_mean: times.microseconds / 1e6 / seconds,
  };
}

function totalsOf({ read, write, none, failed }: FiguresView): Totals {
  return {
    reads: read.commands,
    writes: write.commands,
    others: none.commands,
    read_bytes: read.bytes,
    written_bytes: write.bytes,
    failed: countOf(failed),
  };
}

function rounded(times: WayFigures, part: number): number | null {
  const time = quantile(times, part);
  return time === undefined ? null : Math.round(time);
}

function countOf(failed: Readonly<Record<string, number>>): number {
  return Object.values(failed).reduce((sum, count) => sum + count, 0);
}
