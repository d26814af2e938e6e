/** Rates and times from two looks at a server, and how they are printed. */
import assert from "node:assert/strict";
import { activityTable, headLines, liveTable, timeText } from "../../lib/cli/activity_text.ts";
import { topPicture } from "../../lib/cli/top_picture.ts";
import { activityBetween } from "../../lib/metrics/activity.ts";
import type { Feed } from "../../lib/metrics/feed.ts";
import { CommandFigures, ENDS, Ways } from "../../lib/scst/command_figures.ts";

const TARGET = "iqn.2026-11.org.example:disk1";

/** A LUN that so many READs of 4 KiB and WRITEs of 512 bytes were made at, each in 100 us. */
function view(reads: number, writes: number) {
  const figures = new CommandFigures();
  for (let count = 0; count < reads; count++) figures.took(Ways.READ, 4096, 100);
  for (let count = 0; count < writes; count++) figures.took(Ways.WRITE, 512, 100);
  if (writes > 0) figures.fail(ENDS.indexOf("data_protect"));
  return figures.view;
}

interface Doings {
  readonly started?: number;
  readonly sessions: Readonly<Record<string, readonly [reads: number, writes: number]>>;
  readonly ended?: readonly [reads: number, writes: number];
}

function feedAt(seconds: number, { started = 0, sessions, ended = [0, 0] }: Doings): Feed {
  const all = [ended, ...Object.values(sessions)];
  const figures = view(
    all.reduce((sum, [reads]) => sum + reads, 0),
    all.reduce((sum, [, writes]) => sum + writes, 0),
  );
  return {
    version: "1",
    at: seconds * 1000,
    started: started * 1000,
    memory: { resident: 2 ** 26, lent: 0, kept: 0 },
    loop: { delay: 0, worst: 1.5 },
    connections: 0,
    storage: { requests: 0, threads: 1 },
    logins: { accepted: 0, refused: {} },
    targets: [],
    devices: [],
    problems: [],
    risks: [],
    luns: [{ target: TARGET, lun: 0, device: "disk1", figures }],
    sessions: Object.entries(sessions).map(([sid, [reads, writes]]) => ({
      sid,
      target: TARGET,
      initiator: `iqn.1994-05.com.example:${sid}\u001b[2J`,
      commands: 3,
      sendWait: 0,
      luns: [{ lun: 0, device: "disk1", commands: 2, figures: view(reads, writes) }],
    })),
    events: [],
  };
}

Deno.test("activityBetween() tells rates by the time that has passed, the busiest first", () => {
  const before = feedAt(10, { sessions: { a: [100, 0] } });
  const now = feedAt(12, { sessions: { a: [110, 0], b: [0, 50] }, ended: [4, 0] });
  const { seconds, luns, queue, all, totals } = activityBetween(before, now);
  assert.deepEqual([seconds, queue], [2, 6]);
  assert.deepEqual(luns.map(({ sid, queue }) => [sid, queue]), [["b", 2], ["a", 2]]);
  const [b, a] = luns;
  assert.deepEqual([a!.reads_per_s, a!.read_bytes_per_s, a!.writes_per_s], [5, 20480, 0]);
  assert.deepEqual([b!.writes_per_s, b!.written_bytes_per_s, b!.failed_per_s], [25, 12800, 0.5]);
  assert(a!.median_us! > 64 && a!.median_us! < 128 && a!.worst_us === 128);
  assert.deepEqual([a!.totals.reads, a!.totals.read_bytes, b!.totals.failed], [110, 450560, 1]);
  assert.deepEqual([all.reads_per_s, totals.reads, totals.writes], [7, 114, 50]);
});

Deno.test("activityBetween() has first what waits for an answer and gets none", () => {
  const before = feedAt(10, { sessions: { busy: [100, 0], hung: [7, 0] } });
  const now = feedAt(11, { sessions: { busy: [110, 0], hung: [7, 0] } });
  const order = (feed: Feed) => activityBetween(before, feed).luns.map(({ sid }) => sid);
  assert.deepEqual(order(now), ["hung", "busy"]);
  const idle = now.sessions.map((session) => ({
    ...session,
    luns: session.luns.map((lun) => ({ ...lun, commands: 0 })),
  }));
  assert.deepEqual(order({ ...now, sessions: idle }), ["busy", "hung"]);
});

Deno.test("activityBetween() counts from the start of a server that was started anew", () => {
  const before = feedAt(100, { sessions: { a: [1000, 0] } });
  const now = feedAt(102, { started: 101, sessions: { a: [7, 0] } });
  const { seconds, luns, all } = activityBetween(before, now);
  assert.deepEqual([seconds, luns[0]!.reads_per_s, all.reads_per_s], [1, 7, 7]);
  const still = activityBetween(now, feedAt(103, { started: 101, sessions: { a: [7, 0] } }));
  assert.deepEqual([still.luns[0]!.reads_per_s, still.luns[0]!.median_us], [0, null]);
});

Deno.test("what goes on is printed with units, and names change nothing on a terminal", () => {
  const now = feedAt(12, { sessions: { a: [110, 0] } });
  const activity = activityBetween(feedAt(11, { sessions: {} }), now);
  assert.deepEqual(headLines(now, activity), [
    "scst 1, up 12 s, 1 session, loop late by 1.50 ms at most, memory 64.0 MiB",
    "all: 110 iops, read 440 KiB/s, write 0 B/s, median 96 us, p99 127 us, queue 3",
  ]);
  const table = activityTable(activity.luns);
  assert.match(table, /^IOPS +READ +WRITE +MEDIAN +P99 +QUEUE +FAILED +LUN +READS .* TARGET\n110 /);
  assert(table.includes("com.example:a?[2J  "));
  const rows = liveTable(activity.luns).split("\n");
  assert.deepEqual(rows.map((row) => row.includes("READ BYTES")), [false, false]);
});

Deno.test("the queue is what is under way, or was on average where that is more", () => {
  // 100 000 commands of 100 us each in a second are 10 at a time; 2 are under way now.
  const now = feedAt(11, { sessions: { a: [100_000, 0] } });
  const activity = activityBetween(feedAt(10, { sessions: {} }), now);
  assert.deepEqual([activity.luns[0]!.queue, activity.luns[0]!.queue_mean], [2, 10]);
  const rows = (luns: typeof activity.luns) =>
    liveTable(luns).split("\n").map((row) => row.split(/ {2,}/));
  assert.deepEqual(rows(activity.luns).map((cells) => cells[5]), ["QUEUE", "10"]);
  assert.match(headLines(now, activity)[1]!, /, queue 10$/);
  const hanging = activityBetween(now, { ...now, at: 12_000 });
  assert.deepEqual(rows(hanging.luns).map((cells) => cells[5]), ["QUEUE", "2"]);
});

Deno.test("scst top fits into its terminal, and tells sessions apart in a narrow one", () => {
  const names = Array.from({ length: 100 }, (_, index) => `host${index}`);
  const doings = (reads: number) =>
    Object.fromEntries(names.map((name) => [name, [reads, 0] as const]));
  const now = feedAt(11, { sessions: doings(100) });
  const activity = activityBetween(feedAt(10, { sessions: doings(0) }), now);
  for (const [columns, rows] of [[80, 24], [40, 12], [60, 16]] as const) {
    const lines = topPicture(now, activity, { columns, rows });
    assert.equal(lines.length, rows);
    assert.equal(lines.find((line) => line.length > columns), undefined);
    assert.match(lines.find((line) => line.startsWith("IOPS"))!, / P99 +QUEUE .*LUN .*INITIATOR$/);
    const shown = lines.filter((line) => /host\d+\?\[2J$/.test(line));
    assert.equal(new Set(shown).size, shown.length);
    assert.equal(lines.at(-1), `... and ${100 - shown.length} more: scst stat`);
  }
  const all = topPicture(now, activity, { columns: 300, rows: 200 });
  assert.equal(all.length, 2 + 1 + 1 + 100);
  assert.match(all[3]!, / FAILED .* TARGET$/);
  assert.equal(topPicture(now, activity).at(-1), "... and 81 more: scst stat");
  const none = feedAt(11, { sessions: {} });
  assert.equal(topPicture(none, activityBetween(none, none), { columns: 80, rows: 24 }).length, 3);
});

Deno.test("timeText() has three digits and a unit", () => {
  const table: [us: number | null, text: string][] = [
    [null, ""],
    [0, "0 us"],
    [999, "999 us"],
    [1000, "1.00 ms"],
    [12_345, "12.3 ms"],
    [123_456, "123 ms"],
    [2 ** 26, "67.1 s"],
  ];
  for (const [us, text] of table) assert.equal(timeText(us), text);
});
