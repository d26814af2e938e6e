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
import { missingTools } from "../harness/tools.ts";
import { type BenchFile, mergeBench, readBenchFile, type SectionResult } from "./bench_file.ts";
import { type BenchOptions, type Part, readOptions } from "./bench_options.ts";
import { CellMeter, type Sample } from "./cell.ts";
import { drawChart } from "./chart.ts";
import { Contenders } from "./contenders.ts";
import { measureGarbage } from "./garbage.ts";
import { measureGrowth } from "./growth.ts";
import { LoadGenerator } from "./load/load.ts";
import { describeMachine } from "./machine.ts";
import { measureModel } from "./model.ts";
import { print, runBench } from "./options.ts";
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

/** Sessions whose memory is measured, and those of a quick run. */
const SESSIONS = 256;
const QUICK_SESSIONS = 32;

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
  #options: BenchOptions;
  #meter: CellMeter;
  #samples = new Map<string, Record<string, Record<string, Sample[]>>>();
  /** Cells that could not be measured. */
  failures = 0;

  constructor(options: BenchOptions, meter: CellMeter) {
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

  /**
   * Measures something, once more if that fails: what was measured before is not to be lost. A second
   * failure is counted.
   */
  async #attempt<T>(where: string, measure: () => Promise<T>): Promise<T | undefined> {
    for (const isLast of [false, true]) {
      try {
        return await measure();
      } catch (cause) {
        print(`cannot measure ${where}: ${cause instanceof Error ? cause.message : cause}`);
        if (isLast) this.failures++;
      }
    }
    return undefined;
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
            const seconds = this.#options.quick ? 0.2 : 1;
            await this.#attempt(
              `${who} at first`,
              () => this.#meter.measure(who, warming, seconds),
            );
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
        const where = `${section.name}, ${section.x} ${x}, ${name}`;
        const sample = await this.#attempt(where, () => this.#meter.measure(who, load, seconds));
        if (sample !== undefined) samples.push(sample);
        if (samples.length === 0) delete row[name];
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

/** Measures a part and prints it; undefined, and a line, if that fails. */
async function tryPart(...args: Parameters<typeof measurePart>) {
  try {
    return await measurePart(...args);
  } catch (cause) {
    print(`cannot measure ${args[0]}: ${cause instanceof Error ? cause.message : cause}`);
    return undefined;
  }
}

async function measurePart(
  part: Part,
  { quick, soak, seconds, rounds }: BenchOptions,
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
    const found = await tryPart(part, options, meter, generator);
    if (found === undefined) bench.failures++;
    measured = { ...measured, ...found };
  }
  if (options.out !== undefined) await write(options.out, measured);
  if (bench.failures > 0) {
    print(`error ${bench.failures} of the cells and parts could not be measured`);
    Deno.exitCode = 1;
  }
  print(`in ${Math.round((performance.now() - began) / 1000)} s`);
}

await runBench(main);
