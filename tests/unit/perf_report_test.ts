/** What the bench makes of its samples: ratios, verdicts, tables and charts. */
import assert from "node:assert/strict";
import type { SectionResult } from "../perf/bench_file.ts";
import { mergeBench } from "../perf/bench_file.ts";
import type { Sample } from "../perf/cell.ts";
import { drawChart, stepOf } from "../perf/chart.ts";
import { latencyOf, ratioOf, verdictsOf } from "../perf/figures.ts";
import { parseCollections, summarize } from "../perf/garbage.ts";
import { Latencies } from "../perf/load/latencies.ts";
import { markdownTable } from "../perf/markdown.ts";
import { commandTime, modelRows } from "../perf/model.ts";
import { mergeEntries, parseReport } from "../perf/profile.ts";
import { chartOf, resultsPage } from "../perf/report.ts";
import { SECTIONS } from "../perf/sections.ts";

const MACHINE = {
  date: "2026-01-01 00:00 UTC",
  processor: "P",
  cores: 2,
  kernel: "6",
  program: "the executable",
  crc32c: "libisal",
  load: 0.1,
};

function samples(...rates: number[]): Sample[] {
  return rates.map((rate) => ({ rate, cpu: 3 }));
}

function result(cells: SectionResult["cells"]): SectionResult {
  return { machine: MACHINE, rounds: 3, seconds: 1, cells };
}

const INITIATOR = SECTIONS.find(({ name }) => name === "initiator")!;

Deno.test("ratioOf() takes the median of the ratios of the rounds, not the ratio of medians", () => {
  assert.equal(ratioOf(samples(10, 100, 30), samples(10, 20, 10)), 3);
  assert.equal(ratioOf(samples(1), samples()), undefined);
});

Deno.test("verdictsOf() judges what was measured, and says where rounds lie far apart", () => {
  const verdicts = verdictsOf(
    INITIATOR,
    result({
      "1": { scst: samples(140, 141), tgtd: samples(100, 100), floor: samples(150, 250) },
      "32": { scst: samples(240, 240), tgtd: samples(100, 100) },
    }),
  );
  assert.deepEqual(
    verdicts.map(({ promise, isMet, isNoisy }) => `${promise}, ${isMet}, ${isNoisy}`),
    [
      "queue depth 1: scst at least 1.4 times tgtd, true, false",
      "queue depth 1: scst at least 0.75 times floor, false, true",
      "queue depth 32: scst at least 2.5 times tgtd, false, false",
      "queue depth 32: scst at most 2.5 us of processor time a command, false, false",
    ],
  );
});

Deno.test("verdictsOf() compares the least of the rows with the first one", () => {
  const luns = SECTIONS.find(({ name }) => name === "luns")!;
  const cells = (least: number) => ({
    "1": { scst: samples(100) },
    "10": { scst: samples(least) },
    "100": { scst: samples(120) },
  });
  assert.deepEqual(verdictsOf(luns, result(cells(81))).map(({ isMet }) => isMet), [true]);
  assert.deepEqual(verdictsOf(luns, result(cells(79))).map(({ isMet }) => isMet), [false]);
  assert.deepEqual(verdictsOf(luns, result({ "1": { scst: samples(1) } })), []);
});

Deno.test("latencyOf() is the time of a command by Little's law", () => {
  assert.equal(latencyOf(INITIATOR, 32, "scst", { rate: 320_000 }), 100);
});

Deno.test("Latencies finds times within 6 %", () => {
  const latencies = new Latencies();
  assert.equal(latencies.within(0.5), 0);
  for (let time = 1; time <= 1000; time++) latencies.note(time);
  for (const part of [0.01, 0.5, 0.99, 1]) {
    const found = latencies.within(part);
    assert.ok(found >= part * 1000 && found <= part * 1000 * 1.07, `${part}: ${found}`);
  }
});

Deno.test("markdownTable() aligns its columns", () => {
  const table = markdownTable(["a", "long head"], [["first", "1"], ["b", "-"]]);
  assert.equal(
    table,
    "| a     | long head |\n| ----- | --------: |\n| first |         1 |\n| b     |         - |",
  );
});

Deno.test("stepOf() divides an axis into round parts", () => {
  for (const most of [0.7, 1, 9, 55, 100_000, 123_456, 999]) {
    const parts = most / stepOf(most);
    assert.ok(parts > 2 && parts <= 8, `${most}: ${parts}`);
  }
});

Deno.test("drawChart() shows each series with its points, and nothing that was not measured", () => {
  const chart = chartOf(
    INITIATOR,
    result({ "1": { scst: samples(100, 120) }, "4": { scst: samples(200), tgtd: samples(50) } }),
    "figure",
  );
  assert.deepEqual(chart.xs, [1, 4]);
  const svg = drawChart(chart);
  assert.equal([...svg.matchAll(/<polyline/g)].length, 3);
  assert.equal([...svg.matchAll(/<circle class="dot s0"/g)].length, 2);
  assert.equal([...svg.matchAll(/<circle class="dot s1"/g)].length, 1);
  assert.equal([...svg.matchAll(/<circle class="dot s2"/g)].length, 0);
  assert.match(svg, /prefers-color-scheme: dark/);
  assert.throws(() => drawChart({ ...chart, series: [] }), RangeError);
});

Deno.test("the page of results has the sections that were measured, each from its last run", () => {
  const before = { sections: { initiator: result({ "1": { scst: samples(1) } }) } };
  const now = { sections: { depth: result({ "1": { scst: samples(12_345) } }) } };
  const page = resultsPage(mergeBench(before, now));
  assert.match(page, /## depth/);
  assert.match(page, /## initiator/);
  assert.match(page, /12345/);
  assert.doesNotMatch(page, /## growth/);
});

Deno.test("parseCollections() finds what V8 has traced, and summarize() what it amounts to", () => {
  const text =
    "[1:0x5]  338 ms: Scavenge 4.4 (5.0) -> 4.1 (5.8) MB, pooled: 0.0 MB, 1.25 / 0.00 ms " +
    "(average mu = 1.000, current mu = 1.000) allocation failure; \nlistening on 127.0.0.1:1\n" +
    "[1:0x5]  360 ms: Mark-Compact (reduce) 9.6 (16.2) -> 5.6 (7.2) MB, pooled: 0.0 MB, 0.50 / 0.10 ms " +
    "(average mu = 0.9, current mu = 1.000) idle task; scavenge might not succeed\n";
  const found = parseCollections(text);
  assert.deepEqual(found, [
    { before: 4.4, after: 4.1, pause: 1.25 },
    { before: 9.6, after: 5.6, pause: 0.5 },
  ]);
  const row = summarize("l", 2 ** 20, found);
  assert.deepEqual([row.long, row.longest, row.collections], [1, 1.25, 2]);
  assert.ok(Math.abs(row.bytes - 4.3) < 1e-9);
});

Deno.test("parseReport() reads what perf says, and mergeEntries() adds what has one name", () => {
  const text = [
    "# Overhead  Symbol",
    "     7.50%  [k] finish_task_switch.isra.0             -      -            ",
    "     2.25%  [.] JS:*'#push file:///a/scst/lib/shard/link.ts:16:33       -      -  ",
    "     1.75%  [.] JS:+'#push file:///a/scst/lib/shard/link.ts:16:33       -      -  ",
    "     0.50%  [.] JS:o*run file:///a/scst/lib/shard/loop.ts:16:33  ",
    "     0.25%  [.] malloc  ",
  ].join("\n");
  assert.deepEqual(mergeEntries(parseReport(text)), [
    { part: 0.075, symbol: "finish_task_switch.isra.0 (kernel)" },
    { part: 0.04, symbol: "#push, lib/shard/link.ts" },
    { part: 0.005, symbol: "run, lib/shard/loop.ts" },
    { part: 0.0025, symbol: "malloc" },
  ]);
});

Deno.test("the model finds the costs that five runs come from, and foretells the others", () => {
  const costs = { turn: 64, pdu: 1, io: 0.5, aloneTurn: 16, alone: 7 };
  assert.equal(commandTime(costs, "file", 8), 9.5);
  assert.equal(commandTime(costs, "null", 8), 9);
  assert.equal(commandTime(costs, "each alone", 8), 9);
  const { costs: found, rows } = modelRows(
    [4, 8, 32],
    (of, depth) => 1e6 / commandTime(costs, of, depth),
  );
  for (const step of ["turn", "pdu", "io", "aloneTurn", "alone"] as const) {
    assert(Math.abs(found[step] - costs[step]) < 1e-9, `${step}: ${found[step]}`);
  }
  const foretold = rows.filter((row) => row.foretold !== undefined);
  assert.deepEqual(
    foretold.map(({ of, depth }) => `${of} ${depth}`),
    ["null 4", "file 8", "null 8", "each alone 8"],
  );
  for (const row of foretold) assert(Math.abs(row.foretold! / row.measured - 1) < 1e-9);
});

Deno.test("every section has a load for its rows, and its goals name rows and series that it has", () => {
  for (const { name, xs, quick, series, load, goals } of SECTIONS) {
    for (const x of quick) assert.ok(xs.includes(x), `${name}: ${x}`);
    for (const x of xs) {
      assert.ok(series.some((one) => load(x, one.name) !== undefined), `${name} ${x}`);
    }
    for (const goal of goals) {
      if ("keeps" in goal) {
        assert.ok(series.some((candidate) => candidate.name === goal.of), name);
        continue;
      }
      for (const one of "to" in goal ? [goal.of, goal.to] : [goal.of]) {
        assert.ok(series.some((candidate) => candidate.name === one), `${name}: ${one}`);
        assert.ok(load(goal.x, one) !== undefined, `${name}: ${goal.x} ${one}`);
      }
    }
  }
});
