/** What goes on in a server, as lines: figures first, as names may be as long as they like. */
import { plainLine } from "../log.ts";
import type { Activity, LunActivity, ServerActivity } from "../metrics/activity.ts";
import type { Feed } from "../metrics/feed.ts";
import { counted } from "./counted.ts";
import { type Row, tableText } from "./everyday/listing.ts";
import { fittedRows } from "./fitted_rows.ts";
import { roundedSize, spanText, threeDigits } from "./status_text.ts";

const COLUMNS = ["iops", "read", "write", "median", "p99", "queue", "failed", "lun"];
const NAMES = ["device", "initiator", "target"];
/** What a narrow terminal does without, the first one first. */
const SPARE = [["target"], ["device"], ["median"], ["read", "write"], ["failed"], ["lun"]];
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
    `all: ${iops} iops, read ${read}, write ${write}${times}, queue ${queueOf(queue, all)}`,
  ];
}

/** The LUNs of sessions as a table, in the order that they have, with what was since they began. */
export function activityTable(luns: readonly LunActivity[]): string {
  return tableText([...COLUMNS, ...TOTALS, ...NAMES], luns.map(rowOf));
}

/** The same without what was since they began, in lines of so many characters where that is given. */
export function liveTable(luns: readonly LunActivity[], width = Infinity): string {
  const hasFailed = luns.some(({ failed_per_s }) => failed_per_s > 0);
  const spare = hasFailed ? SPARE : [["target"], ["failed"], ...SPARE];
  const fitted = fittedRows([...COLUMNS, ...NAMES], luns.map(rowOf), width, {
    names: ["initiator", "target", "device"],
    spare,
  });
  return tableText(fitted.columns, fitted.rows);
}

/**
 * Commands under way: now, or on average if that is more. Those that end in the turn in which they came
 * are never seen, and those that hang are in no average.
 */
function queueOf(queue: number, { queue_mean }: Activity): number {
  return Math.max(queue, Math.round(queue_mean));
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
    queue: queueOf(queue, one),
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
