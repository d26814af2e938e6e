/** The figures of a section: medians, spreads and ratios of what its rounds have given. */
import type { SectionResult } from "./bench_file.ts";
import type { Sample } from "./cell.ts";
import type { CpuGoal, Goal, GrowthGoal, Section } from "./sections.ts";
import { median, spread } from "./statistics.ts";

/** Rounds that lie further apart say little. */
export const NOISE = 0.2;

/** What became of a promise. */
export interface Verdict {
  /** What was promised, in words. */
  readonly promise: string;
  /** What was measured in its place. */
  readonly measured: number;
  readonly isMet: boolean;
  /** Whether the rounds lie so far apart that it should be measured again. */
  readonly isNoisy: boolean;
}

/** The samples of a cell; none if it was not measured. */
export function samplesOf(result: SectionResult, x: number, series: string): readonly Sample[] {
  return result.cells[String(x)]?.[series] ?? [];
}

/** A sample in the unit of its section: IOPS, or megabytes a second. */
export function figureOf(section: Section, x: number, series: string, { rate }: Sample): number {
  if (section.figure === "IOPS") return rate;
  return rate * section.load(x, series)!.length / 1e6;
}

/** Microseconds that a command takes on the average, waiting for its turn included (Little's law). */
export function latencyOf(section: Section, x: number, series: string, { rate }: Sample): number {
  const { depth, sessions = 1 } = section.load(x, series)!;
  return depth * sessions * 1e6 / rate;
}

/** The median of one kind of figure of a cell; undefined if it has none. */
export function medianOf(
  samples: readonly Sample[],
  kind: "rate" | "cpu" | "median" | "most" | "batch",
): number | undefined {
  const values = samples.map((sample) => sample[kind]).filter((value) => value !== undefined);
  return values.length === 0 ? undefined : median(values);
}

/** The median of the ratios of two cells, round by round. */
export function ratioOf(of: readonly Sample[], to: readonly Sample[]): number | undefined {
  const ratios = of.slice(0, to.length).map(({ rate }, round) => rate / to[round]!.rate);
  return ratios.length === 0 ? undefined : median(ratios);
}

function isNoisy(...cells: (readonly Sample[])[]): boolean {
  return cells.some((samples) => spread(samples.map(({ rate }) => rate)) > NOISE);
}

/** What became of the promises of a section, as far as it was measured. */
export function verdictsOf(section: Section, result: SectionResult): Verdict[] {
  return section.goals.flatMap((goal) => {
    if ("keeps" in goal) return judgeGrowth(goal, section, result) ?? [];
    const at = `${section.x} ${section.label?.(goal.x) ?? goal.x}`;
    const of = samplesOf(result, goal.x, goal.of);
    const verdict = "to" in goal
      ? judgeRatio(goal, at, of, samplesOf(result, goal.x, goal.to))
      : judgeCpu(goal, at, of);
    return verdict === undefined ? [] : [verdict];
  });
}

function judgeRatio(
  { of, to, least = 0 }: Goal,
  at: string,
  samples: readonly Sample[],
  others: readonly Sample[],
): Verdict | undefined {
  const measured = ratioOf(samples, others);
  if (measured === undefined) return undefined;
  return {
    promise: `${at}: ${of} at least ${least} times ${to}`,
    measured,
    isMet: measured >= least,
    isNoisy: isNoisy(samples, others),
  };
}

function judgeGrowth(
  { of, keeps }: GrowthGoal,
  { x, xs }: Section,
  result: SectionResult,
): Verdict | undefined {
  const rows = xs.map((value) => samplesOf(result, value, of)).filter(({ length }) => length > 0);
  if (rows.length < 2) return undefined;
  const rates = rows.map((samples) => median(samples.map(({ rate }) => rate)));
  const measured = Math.min(...rates) / rates[0]!;
  return {
    promise: `more ${x}: ${of} keeps at least ${keeps} of what it does with ${xs[0]}`,
    measured,
    isMet: measured >= keeps,
    isNoisy: isNoisy(...rows),
  };
}

function judgeCpu(
  { of, cpuMost }: CpuGoal,
  at: string,
  samples: readonly Sample[],
): Verdict | undefined {
  const measured = medianOf(samples, "cpu");
  if (measured === undefined) return undefined;
  return {
    promise: `${at}: ${of} at most ${cpuMost} us of processor time a command`,
    measured,
    isMet: measured <= cpuMost,
    isNoisy: isNoisy(samples),
  };
}
