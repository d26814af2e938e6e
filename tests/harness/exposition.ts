/**
 * A strict reader of metrics as text: Prometheus 0.0.4, or OpenMetrics 1.0.0 where the text ends with
 * `# EOF`. It throws at whatever a scraper might take amiss, with the line.
 */

export interface ParsedFamily {
  readonly name: string;
  readonly type: string;
  readonly help: string;
  readonly samples: readonly ParsedSample[];
}

export interface ParsedSample {
  readonly name: string;
  readonly labels: ReadonlyMap<string, string>;
  readonly value: number;
}

const NAME = "[a-zA-Z_:][a-zA-Z0-9_:]*";
const VALUE = "[+-]?(?:\\d+(?:\\.\\d+)?(?:e[+-]?\\d+)?|Inf|NaN)";
const META = new RegExp(`^# (HELP|TYPE) (${NAME}) (.*)$`);
const SAMPLE = new RegExp(`^(${NAME})(?:\\{(.*)\\})? (${VALUE})$`);
const LABEL = /^([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"(?:,(?!$)|$)/;

interface Dialect {
  readonly types: readonly string[];
  /** What a sample of each type has behind the name of its family. */
  readonly suffixes: Readonly<Record<string, readonly string[]>>;
}

const HISTOGRAM = ["_bucket", "_sum", "_count"];

const PROMETHEUS: Dialect = {
  types: ["counter", "gauge", "histogram"],
  suffixes: { counter: [""], gauge: [""], histogram: HISTOGRAM },
};

const OPEN_METRICS: Dialect = {
  types: ["counter", "gauge", "histogram", "info"],
  suffixes: { counter: ["_total"], gauge: [""], histogram: HISTOGRAM, info: ["_info"] },
};

/** Throws an Error at the first thing that is not as it should be. */
export function parseExposition(text: string): ParsedFamily[] {
  if (!text.endsWith("\n")) throw new Error("The last line has no end");
  const lines = text.slice(0, -1).split("\n");
  const isOpen = lines.at(-1) === "# EOF";
  if (isOpen) lines.pop();
  const dialect = isOpen ? OPEN_METRICS : PROMETHEUS;
  const families: (ParsedFamily & { samples: ParsedSample[] })[] = [];
  const seen = new Set<string>();
  for (let at = 0; at < lines.length;) {
    const [help, type] = [META.exec(lines[at]!), META.exec(lines[at + 1] ?? "")];
    if (help?.[1] !== "HELP" || type?.[1] !== "TYPE" || help[2] !== type[2]) {
      throw new Error(`No HELP and TYPE of one family: ${lines[at]}`);
    }
    const family = {
      name: help[2]!,
      type: type[3]!,
      help: help[3]!,
      samples: [] as ParsedSample[],
    };
    if (seen.has(family.name)) throw new Error(`Family ${family.name} is there twice`);
    seen.add(family.name);
    if (!dialect.types.includes(family.type)) throw new Error(`Unknown type: ${lines[at + 1]}`);
    if (!isOpen && family.type === "counter" && !family.name.endsWith("_total")) {
      throw new Error(`A counter ends with _total: ${family.name}`);
    }
    if (isOpen && family.name.endsWith("_total")) throw new Error(`No _total here: ${family.name}`);
    for (at += 2; at < lines.length && !lines[at]!.startsWith("#"); at++) {
      const sample = parseSample(lines[at]!);
      const allowed = dialect.suffixes[family.type]!.map((suffix) => family.name + suffix);
      if (!allowed.includes(sample.name)) throw new Error(`Not of ${family.name}: ${lines[at]}`);
      const key = `${sample.name} ${JSON.stringify([...sample.labels].toSorted())}`;
      if (seen.has(key)) throw new Error(`A sample is there twice: ${lines[at]}`);
      seen.add(key);
      if (family.type !== "gauge" && !(sample.value >= 0)) {
        throw new Error(`Not a count: ${lines[at]}`);
      }
      family.samples.push(sample);
    }
    if (family.type === "histogram") checkHistogram(family);
    families.push(family);
  }
  return families;
}

function parseSample(line: string): ParsedSample {
  const match = SAMPLE.exec(line);
  if (match === null) throw new Error(`Not a sample: ${line}`);
  const [, name = "", labelText = "", value = ""] = match;
  const labels = new Map<string, string>();
  for (let rest = labelText; rest !== "";) {
    const label = LABEL.exec(rest);
    if (label === null) throw new Error(`Not labels: ${line}`);
    if (labels.has(label[1]!)) throw new Error(`A label is there twice: ${line}`);
    labels.set(label[1]!, unescape(label[2]!));
    rest = rest.slice(label[0].length);
  }
  return { name, labels, value: Number(value.replace("Inf", "Infinity")) };
}

function unescape(text: string): string {
  return text.replaceAll(/\\(.)/g, (_, char: string) => char === "n" ? "\n" : char);
}

/** Buckets ascend, none is less than the one before, and the last one is all that there is. */
function checkHistogram({ name, samples }: ParsedFamily): void {
  const groups = new Map<
    string,
    { most: number[]; counts: number[]; sum?: number; count?: number }
  >();
  for (const { name: sampleName, labels, value } of samples) {
    const { le, ...others } = Object.fromEntries(labels);
    const key = JSON.stringify(others);
    const group = groups.get(key) ?? { most: [], counts: [] };
    groups.set(key, group);
    if (sampleName.endsWith("_bucket")) {
      if (le === undefined) throw new Error(`A bucket of ${name} without le: ${key}`);
      group.most.push(Number(le.replace("+Inf", "Infinity")));
      group.counts.push(value);
    } else if (le !== undefined) throw new Error(`${sampleName} with le: ${key}`);
    else if (sampleName.endsWith("_sum")) group.sum = value;
    else group.count = value;
  }
  for (const [key, { most, counts, sum, count }] of groups) {
    const ascends = (values: number[], strictly: boolean) =>
      values.every((value, at) =>
        at === 0 || (strictly ? value > values[at - 1]! : value >= values[at - 1]!)
      );
    if (!ascends(most, true) || !ascends(counts, false)) throw new Error(`${name} falls: ${key}`);
    if (most.at(-1) !== Infinity || counts.at(-1) !== count || sum === undefined) {
      throw new Error(`${name} does not come to its end: ${key}`);
    }
  }
}
