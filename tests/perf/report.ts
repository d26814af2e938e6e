/** What was measured as text: a table for each section, the promises, and how much there is to grow. */
import type { BenchFile, SectionResult } from "./bench_file.ts";
import { type Chart, type ChartPoint } from "./chart.ts";
import type { Garbage } from "./garbage.ts";
import { figureOf, latencyOf, medianOf, NOISE, samplesOf, verdictsOf } from "./figures.ts";
import type { Growth } from "./growth.ts";
import type { Machine } from "./machine.ts";
import { markdownTable } from "./markdown.ts";
import { CASES, type Model, type ModelRow } from "./model.ts";
import type { Profile } from "./profile.ts";
import { type Section, SECTIONS } from "./sections.ts";
import { median, spread } from "./statistics.ts";

function labelOf({ label }: Section, x: number): string {
  return label?.(x) ?? String(x);
}

function percent(part: number): string {
  return `${Math.round(part * 100)} %`;
}

/** The figures of one row: rate, spread, and the other kinds that were measured. */
function rowOf(section: Section, result: SectionResult, x: number): string[] {
  return section.series.flatMap(({ name }) => {
    const samples = samplesOf(result, x, name);
    if (samples.length === 0) return ["-", "", ""];
    const figures = samples.map((sample) => figureOf(section, x, name, sample));
    const cpu = medianOf(samples, "cpu");
    return [
      median(figures).toFixed(0),
      percent(spread(figures)),
      cpu === undefined ? "-" : cpu.toFixed(cpu < 100 ? 2 : 0),
    ];
  });
}

/** A section as a table: for each series its figure, how far the rounds lie apart, and processor time. */
export function sectionTable(section: Section, result: SectionResult): string {
  const head = section.series.flatMap(({ name }) => [`${name}, ${section.figure}`, "spread", "us"]);
  const rows = section.xs
    .filter((x) => result.cells[String(x)] !== undefined)
    .map((x) => [labelOf(section, x), ...rowOf(section, result, x)]);
  return markdownTable([section.x, ...head], rows);
}

/** What became of the promises of a section; undefined if it has none. */
export function verdictTable(section: Section, result: SectionResult): string | undefined {
  const rows = verdictsOf(section, result).map(({ promise, measured, isMet, isNoisy }) => [
    promise,
    measured.toFixed(2),
    `${isMet ? "met" : "missed"}${isNoisy ? ", noisy" : ""}`,
  ]);
  return rows.length === 0 ? undefined : markdownTable(["promised", "measured", ""], rows);
}

function machineText(machine: Machine): string {
  const { date, processor, cores, kernel, program, crc32c, load } = machine;
  return `${date}, ${cores} cores (${processor}), Linux ${kernel}, ${program}, CRC32C by ${crc32c}, ` +
    `load before: ${load}`;
}

/** What was promised of memory and time, what was measured, and whether that is enough. */
export function growthTable(growth: Growth): string {
  const { underLoad, sessions, luns, seconds, commands } = growth;
  // The first quarter is what the load needs; what comes after that is growth.
  const early = underLoad[Math.floor(underLoad.length / 4)]!;
  const late = underLoad.at(-1)!;
  const row = (what: string, value: number, unit: string, most: number) => [
    what,
    `${value.toFixed(value < 10 ? 1 : 0)} ${unit}`,
    `${most} ${unit}`,
    value <= most ? "met" : "missed",
  ];
  return markdownTable(["", "measured", "at most", ""], [
    row("memory without a session, resident", growth.idleRss, "MiB", 90),
    row("the same, its share (PSS)", growth.idlePss, "MiB", 90),
    row(`memory of each of ${sessions} sessions at rest`, growth.sessionRss, "KiB", 300),
    row(`start with ${luns} LUNs`, growth.startMany, "ms", 1000),
    ["start with one LUN", `${growth.startOne.toFixed(0)} ms`, "", ""],
    [`memory of each of ${luns} LUNs`, `${growth.lunRss.toFixed(0)} KiB`, "", ""],
    row(
      `growth in the last 3/4 of ${seconds} s of load, ${commands} commands`,
      late - early,
      "MiB",
      8,
    ),
  ]);
}

/** What commands have left for V8 to collect. */
export function garbageTable({ rows }: Garbage): string {
  const head = [
    "load",
    "commands",
    "collections",
    "bytes each",
    "pauses > 1 ms",
    "a million",
    "longest",
  ];
  return markdownTable(
    head,
    rows.map(({ load, commands, collections, bytes, long, longest }) => [
      load,
      String(commands),
      String(collections),
      bytes.toFixed(0),
      String(long),
      (long * 1e6 / commands).toFixed(1),
      `${longest.toFixed(2)} ms`,
    ]),
  );
}

/** What single steps cost, by their names in docs/performance/model.md. */
export function costsTable({ costs }: Model): string {
  const rows = Object.entries(costs).map(([step, cost]) => [step, `${cost.toFixed(2)} us`]);
  return markdownTable(["step", "cost"], rows);
}

/** What the model foretells beside what was measured. */
export function modelTable({ rows }: Model): string {
  const cells = ({ foretold, measured }: ModelRow) => {
    if (foretold === undefined) return ["-", measured.toFixed(0), "-"];
    const error = Math.round((foretold / measured - 1) * 100);
    return [foretold.toFixed(0), measured.toFixed(0), `${error > 0 ? "+" : ""}${error} %`];
  };
  const depths = [...new Set(rows.map(({ depth }) => depth))];
  return markdownTable(
    ["queue depth", ...CASES.flatMap((of) => [`${of}: foretold`, "measured", "error"])],
    depths.map((depth) => [
      String(depth),
      ...rows.filter((row) => row.depth === depth).flatMap(cells),
    ]),
  );
}

/** Where the time goes, case by case. */
export function profileTables({ cases }: Profile): string {
  return cases.map(({ load, rooms, entries }) => {
    const shares = rooms.map(({ part, symbol }) => `${symbol} ${percent(part)}`).join(", ");
    const rows = entries.map(({ part, symbol }) => [symbol, `${(part * 100).toFixed(1)} %`]);
    return `${load}: ${shares}\n\n${markdownTable(["function", "of the time"], rows)}`;
  }).join("\n\n");
}

const PREFACE = `# What was measured

Written by \`deno task bench\`; [bench.json](bench.json) has every sample, and README.md of this
directory says what is measured and how. Each figure is the median of its rounds; \`spread\` is the
distance between the best and the worst of them, and where it is more than ${NOISE * 100} % the word
"noisy" says that the machine had something else to do. \`us\` are microseconds of the server on the
processors for each command.
`;

/** All of it as one page of Markdown. */
export function resultsPage(bench: BenchFile): string {
  const { sections, growth, garbage, model, profile } = bench;
  const parts = [PREFACE];
  const add = (title: string, machine: Machine, ...tables: string[]) => {
    parts.push(
      `## ${title}\n`,
      ...tables.map((table) => table + "\n"),
      machineText(machine) + "\n",
    );
  };
  for (const section of SECTIONS) {
    const result = sections[section.name];
    if (result === undefined) continue;
    const { rounds, seconds, machine } = result;
    parts.push(`## ${section.name}: ${section.title}\n`, sectionTable(section, result) + "\n");
    const verdicts = verdictTable(section, result);
    if (verdicts !== undefined) parts.push(verdicts + "\n");
    for (const { file } of section.charts) parts.push(`![${section.title}](${file})\n`);
    parts.push(`${rounds} rounds of ${seconds} s: ${machineText(machine)}\n`);
  }
  if (growth !== undefined) {
    add("growth: memory, and the time of a start", growth.machine, growthTable(growth));
  }
  if (garbage !== undefined) {
    add("garbage: what V8 has to collect", garbage.machine, garbageTable(garbage));
  }
  if (model !== undefined) {
    add("model: what is foretold", model.machine, costsTable(model), modelTable(model));
  }
  if (profile !== undefined) {
    add("profile: where the time goes", profile.machine, profileTables(profile));
  }
  return parts.join("\n");
}

/** A chart of a section. */
export function chartOf(section: Section, result: SectionResult, of: "figure" | "latency"): Chart {
  const xs = section.xs.filter((x) => result.cells[String(x)] !== undefined);
  const valueOf = of === "figure" ? figureOf : latencyOf;
  const series = section.series.map(({ name }) => {
    const points = xs.flatMap((x): ChartPoint[] => {
      const values = samplesOf(result, x, name).map((sample) => valueOf(section, x, name, sample));
      if (values.length === 0) return [];
      return [{ x, y: median(values), low: Math.min(...values), high: Math.max(...values) }];
    });
    return { name, points };
  });
  return {
    title: section.title,
    xTitle: section.x,
    yTitle: of === "figure" ? section.figure : "mean latency, us",
    xs,
    label: (x) => labelOf(section, x),
    series,
  };
}
