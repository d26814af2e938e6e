/**
 * `deno task bench`: this project's server beside Debian's tgtd and beside the floor (floor/), in turn,
 * several rounds in one run. It prints tables, and writes docs/performance: bench.json, charts and the
 * page results.md.
 *
 *     deno task bench [--only depth,growth] [--rounds 3] [--seconds 1] [--soak 30]
 *                     [--quick] [--out docs/performance] [--disk /var/tmp]
 *
 * `--only` names sections (sections.ts) and parts: growth, garbage, model, profile; the others stay as
 * they were measured before.
 * `--quick` measures a few cells for a moment and writes nothing unless `--out` says where.
 * `--soak` are seconds of full load during which memory is watched. SCST_BIN names a compiled binary
 * to measure instead of the sources. The goals are printed with what became of them; timing never
 * decides the exit code.
 */
import { parseArgs } from "node:util";
import { missingTools } from "../harness/tools.ts";
import { type BenchFile, mergeBench, readBenchFile, type SectionResult } from "./bench_file.ts";
import { CellMeter, type Sample } from "./cell.ts";
import { drawChart } from "./chart.ts";
import { Contenders } from "./contenders.ts";
import { measureGarbage } from "./garbage.ts";
import { measureGrowth } from "./growth.ts";
import { LoadGenerator } from "./load/load.ts";
import { describeMachine } from "./machine.ts";
import { measureModel } from "./model.ts";
import { integer, print, runBench } from "./options.ts";
import { measureProfile } from "./profile.ts";
import {
  chartOf,
  costsTable,
  garbageTable,
  growthTable,
  modelTable,
  profileTables,
  resultsPage,
  sectionTable,
  verdictTable,
} from "./report.ts";
import { type Section, SECTIONS } from "./sections.ts";

/** What is measured in ways of its own, behind the sections. */
const PARTS = ["growth", "garbage", "model", "profile"] as const;
type Part = typeof PARTS[number];

const OUT = new URL("../../docs/performance", import.meta.url).pathname;

/** Sessions whose memory is measured, and those of a quick run. */
const SESSIONS = 256;
const QUICK_SESSIONS = 32;

interface Options {
  readonly sections: readonly Section[];
  readonly parts: readonly Part[];
  readonly quick: boolean;
  readonly rounds: number;
  readonly seconds: number;
  readonly soak: number;
  readonly out: string | undefined;
  readonly disk: string;
}

/** Reads the command line. Throws an Error that says what is wrong with it. */
function readOptions(args: string[]): Options {
  const { values } = parseArgs({
    args,
    options: {
      only: { type: "string" },
      rounds: { type: "string" },
      seconds: { type: "string" },
      soak: { type: "string" },
      out: { type: "string" },
      disk: { type: "string", default: "/var/tmp" },
      quick: { type: "boolean", default: false },
    },
  });
  const { quick, disk } = values;
  const names: string[] = [...SECTIONS.map(({ name }) => name), ...PARTS];
  const only = values.only?.split(",") ?? names;
  const unknown = only.find((name) => !names.includes(name));
  if (unknown !== undefined) {
    throw new Error(`--only wants some of ${names.join(", ")}, not "${unknown}"`);
  }
  return {
    sections: SECTIONS.filter(({ name }) => only.includes(name)),
    parts: PARTS.filter((part) => only.includes(part)),
    quick,
    rounds: integer("rounds", values.rounds ?? (quick ? "1" : "3")),
    seconds: values.seconds === undefined && quick
      ? 0.2
      : integer("seconds", values.seconds ?? "1"),
    soak: integer("soak", values.soak ?? (quick ? "1" : "30")),
    out: values.out ?? (quick ? undefined : OUT),
    disk,
  };
}

/** The sections whose tools are there; the others are named. */
function possible(sections: readonly Section[]): Section[] {
  return sections.filter(({ name, tools }) => {
    const needed = tools.flatMap((tool) => tool === "tgtd" ? ["tgtd", "tgtadm"] as const : [tool]);
    const missing = missingTools(needed);
    if (missing !== undefined) print(`left out ${name}: ${missing}`);
    return missing === undefined;
  });
}

class Bench {
  #options: Options;
  #meter: CellMeter;
  #samples = new Map<string, Record<string, Record<string, Sample[]>>>();

  constructor(options: Options, meter: CellMeter) {
    this.#options = options;
    this.#meter = meter;
  }

  /** Measures every cell of the sections in every round. */
  async run(sections: readonly Section[]): Promise<Record<string, SectionResult>> {
    const { rounds, seconds } = this.#options;
    const machine = describeMachine();
    await this.#warmUp(sections);
    for (let round = 0; round < rounds; round++) {
      for (const section of sections) {
        print(`round ${round + 1} of ${rounds}: ${section.name}`);
        await this.#measure(section, round);
      }
    }
    return Object.fromEntries(sections.map(({ name }) => {
      const cells = this.#samples.get(name) ?? {};
      return [name, { machine, rounds, seconds, cells }];
    }));
  }

  /** Every contender serves for a moment, so that its code is compiled and its pages are there. */
  async #warmUp(sections: readonly Section[]): Promise<void> {
    const warm = new Set<string>();
    for (const { series, xs, load } of sections) {
      for (const { name, contender } of series) {
        for (const x of xs) {
          const cell = load(x, name);
          const who = cell?.contender ?? contender;
          if (cell === undefined || who === "file" || warm.has(who)) continue;
          warm.add(who);
          for (const reads of [0, 1]) {
            const warming = { tool: "own", depth: 32, length: 4096, reads } as const;
            await this.#meter.measure(who, warming, this.#options.quick ? 0.2 : 1);
          }
        }
      }
    }
  }

  async #measure(section: Section, round: number): Promise<void> {
    const cells = this.#samples.get(section.name) ?? {};
    this.#samples.set(section.name, cells);
    const { quick, seconds } = this.#options;
    // Who comes first changes from round to round.
    const order = round % 2 === 0 ? [...section.series] : [...section.series].reverse();
    for (const x of quick ? section.quick : section.xs) {
      const row = cells[String(x)] ??= {};
      for (const { name, contender } of order) {
        const load = section.load(x, name);
        if (load === undefined) continue;
        const who = load.contender ?? contender;
        const samples = row[name] ??= [];
        try {
          samples.push(await this.#meter.measure(who, load, seconds));
        } catch (cause) {
          const where = `${section.name}, ${section.x} ${x}, ${name}`;
          const why = cause instanceof Error ? cause.message : String(cause);
          throw new Error(`Cannot measure ${where}: ${why}`, { cause });
        }
      }
    }
  }
}

/** Writes what was measured, and everything that is made of it, in the format of the repository. */
async function write(out: string, measured: BenchFile): Promise<void> {
  await Deno.mkdir(out, { recursive: true });
  const bench = mergeBench(await readBenchFile(`${out}/bench.json`), measured);
  const files = new Map([
    ["bench.json", JSON.stringify(bench, rounded, 2) + "\n"],
    ["results.md", resultsPage(bench)],
  ]);
  for (const section of SECTIONS) {
    const result = bench.sections[section.name];
    for (const { file, of } of result === undefined ? [] : section.charts) {
      files.set(file, drawChart(chartOf(section, result!, of)));
    }
  }
  const paths = [...files.keys()].map((name) => `${out}/${name}`);
  for (const [name, text] of files) await Deno.writeTextFile(`${out}/${name}`, text);
  const formatted = paths.filter((path) => /\.(json|md)$/.test(path));
  const { success } = await new Deno.Command(Deno.execPath(), {
    args: ["fmt", "--quiet", ...formatted],
    stdout: "null",
    stderr: "null",
  }).output();
  print(`written: ${paths.length} files in ${out}${success ? "" : ", not formatted"}`);
}

/** Keeps five digits of what was measured. */
function rounded(_key: string, value: unknown): unknown {
  return typeof value === "number" ? Number(value.toPrecision(5)) : value;
}

/** Measures a part, and prints it. */
async function measurePart(
  part: Part,
  { quick, soak, seconds, rounds }: Options,
  meter: CellMeter,
  generator: LoadGenerator,
): Promise<Partial<BenchFile>> {
  const long = quick ? 0.3 : Math.max(3, seconds);
  switch (part) {
    case "growth": {
      const sessions = quick ? QUICK_SESSIONS : SESSIONS;
      const growth = await measureGrowth(generator, sessions, soak, quick);
      print(growthTable(growth));
      return { growth };
    }
    case "garbage": {
      const garbage = await measureGarbage(generator, long);
      print(garbageTable(garbage));
      return { garbage };
    }
    case "model": {
      const model = await measureModel(meter, rounds, seconds, quick);
      print(`${costsTable(model)}\n\n${modelTable(model)}`);
      return { model };
    }
    case "profile": {
      const missing = missingTools(["perf"]);
      if (missing !== undefined) {
        print(`left out: ${missing}`);
        return {};
      }
      const profile = await measureProfile(generator, long);
      print(profileTables(profile));
      return { profile };
    }
  }
}

async function main(): Promise<void> {
  const options = readOptions(Deno.args);
  const began = performance.now();
  const sections = possible(options.sections);
  using generator = new LoadGenerator();
  await using contenders = new Contenders(options.disk);
  const meter = new CellMeter(contenders, generator);
  const bench = new Bench(options, meter);
  const results = sections.length > 0 ? await bench.run(sections) : {};
  for (const section of sections) {
    const result = results[section.name]!;
    print(`\n${section.name}: ${section.title}\n\n${sectionTable(section, result)}`);
    const verdicts = verdictTable(section, result);
    if (verdicts !== undefined) print(`\n${verdicts}`);
  }
  let measured: BenchFile = { sections: results };
  for (const part of options.parts) {
    print(`\n${part}\n`);
    measured = { ...measured, ...await measurePart(part, options, meter, generator) };
  }
  if (options.out !== undefined) await write(options.out, measured);
  print(`in ${Math.round((performance.now() - began) / 1000)} s`);
}

await runBench(main);
