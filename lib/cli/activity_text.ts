/** What goes on in a server, as lines: figures first, as names may be as long as they like. */
import { plainLine } from "../log.ts";
import type { Activity, LunActivity, ServerActivity } from "../metrics/activity.ts";
import type { Feed } from "../metrics/feed.ts";
import { counted } from "./counted.ts";
import { type Row, tableText } from "./everyday/listing.ts";
import { roundedSize, spanText, threeDigits } from "./status_text.ts";

const COLUMNS = ["iops", "read", "write", "median", "p99", "queue", "failed", "lun"];
const NAMES = ["device", "initiator", "target"];
const TOTALS = ["reads", "read_bytes", "writes", "written_bytes", "failures"];

/** Three digits and a unit, as in `1.50 ms`. */
export function timeText(microseconds: number | null): string {
  if (microseconds === null) return "";
  if (microseconds < 999.5) return `${microseconds.toFixed(0)} us`;
  if (microseconds < 999_500) return `${threeDigits(microseconds / 1e3)} ms`;
  return `${threeDigits(microseconds / 1e6)} s`;
}

/** One line about the server and one about all that goes on in it. */
export function headLines(
  { version, at, started, sessions, loop, memory }: Feed,
  { all, queue }: ServerActivity,
): string[] {
  const { iops, read, write, median, p99 } = figuresOf(all);
  const count = counted(sessions.length, "session");
  const up = spanText(Math.max(0, Math.floor((at - started) / 1000)));
  const [late, resident] = [timeText(Math.round(loop.worst * 1000)), roundedSize(memory.resident)];
  const times = all.median_us === null ? "" : `, median ${median}, p99 ${p99}`;
  return [
    `scst ${version}, up ${up}, ${count}, loop late by ${late} at most, memory ${resident}`,
    `all: ${iops} iops, read ${read}, write ${write}${times}, queue ${queue}`,
  ];
}

/** The LUNs of sessions as a table, the busiest first; what was since they began with `withTotals`. */
export function activityTable(luns: readonly LunActivity[], withTotals: boolean): string {
  const columns = [...COLUMNS, ...withTotals ? TOTALS : [], ...NAMES];
  return tableText(columns, luns.map((one) => rowOf(one)));
}

function figuresOf(activity: Activity) {
  const { reads_per_s, writes_per_s, others_per_s } = activity;
  return {
    iops: (reads_per_s + writes_per_s + others_per_s).toFixed(0),
    read: `${roundedSize(Math.round(activity.read_bytes_per_s))}/s`,
    write: `${roundedSize(Math.round(activity.written_bytes_per_s))}/s`,
    median: timeText(activity.median_us),
    p99: timeText(activity.p99_us),
    failed: `${activity.failed_per_s.toFixed(0)}/s`,
  };
}

function rowOf(one: LunActivity): Row {
  const { queue, lun, device, initiator, target, totals } = one;
  return {
    ...figuresOf(one),
    queue,
    lun,
    reads: totals.reads,
    read_bytes: roundedSize(totals.read_bytes),
    writes: totals.writes,
    written_bytes: roundedSize(totals.written_bytes),
    failures: totals.failed,
    device: plainLine(device),
    initiator: plainLine(initiator),
    target: plainLine(target),
  };
}
