/**
 * Metrics as text, in the two forms that scrapers ask for: that of Prometheus (version 0.0.4), and
 * OpenMetrics 1.0.0, which names counters without `_total` and ends with a line that says so.
 */

export type MetricType = "counter" | "gauge" | "histogram" | "info";

export type Labels = Readonly<Record<string, string | number>>;

/** One value of a family. */
export interface Sample {
  readonly labels: Labels;
  readonly value: number;
}

/** How many of what was observed were at most so much, in ascending order; the last one is Infinity. */
export interface HistogramSample {
  readonly labels: Labels;
  readonly buckets: readonly { readonly most: number; readonly count: number }[];
  readonly sum: number;
}

/** Metrics of one name. */
export type Family =
  & {
    /** Without `_total` and the like: what it is of, and its unit last. */
    readonly name: string;
    /** One sentence, without its end. */
    readonly help: string;
  }
  & (
    | { readonly type: "counter" | "gauge" | "info"; readonly samples: readonly Sample[] }
    | { readonly type: "histogram"; readonly samples: readonly HistogramSample[] }
  );

export interface Exposition {
  /** The media type. */
  readonly type: string;
  /** What TYPE and HELP call a family. */
  readonly familyName: (family: Family) => string;
  readonly typeName: Readonly<Record<MetricType, string>>;
  readonly end: string;
}

const SUFFIX: Readonly<Record<MetricType, string>> = {
  counter: "_total",
  gauge: "",
  histogram: "",
  info: "_info",
};

const PROMETHEUS: Exposition = {
  type: "text/plain; version=0.0.4; charset=utf-8",
  familyName: sampleName,
  typeName: { counter: "counter", gauge: "gauge", histogram: "histogram", info: "gauge" },
  end: "",
};

const OPEN_METRICS: Exposition = {
  type: "application/openmetrics-text; version=1.0.0; charset=utf-8",
  familyName: ({ name }) => name,
  typeName: { counter: "counter", gauge: "gauge", histogram: "histogram", info: "info" },
  end: "# EOF\n",
};

/** The form for a scraper that accepts what its `Accept` says (RFC 9110 12.5.1). */
export function expositionFor(accept: string): Exposition {
  const open = weightOf(accept, "application/openmetrics-text");
  return open > 0 && open >= weightOf(accept, "text/plain") ? OPEN_METRICS : PROMETHEUS;
}

/** How much a media type is wanted, 0 to 1; 0 where it is not named: whoever takes anything takes text. */
function weightOf(accept: string, type: string): number {
  const weights = accept.split(",").map((range) => range.split(";").map((part) => part.trim()))
    .filter(([name = ""]) => name.toLowerCase() === type)
    .map((parts) =>
      Number(parts.map((part) => /^q=([\d.]+)$/i.exec(part)?.[1]).find(Boolean) ?? 1)
    );
  return Math.max(0, ...weights);
}

/** What the samples of a family are called, but for those of a histogram. */
export function sampleName({ name, type }: Pick<Family, "name" | "type">): string {
  return name + SUFFIX[type];
}

/** All families, those without samples as well: a scraper sees that they are there. */
export function expositionText(families: readonly Family[], exposition: Exposition): string {
  const lines: string[] = [];
  for (const family of families) {
    const name = exposition.familyName(family);
    lines.push(`# HELP ${name} ${escapeHelp(family.help)}`);
    lines.push(`# TYPE ${name} ${exposition.typeName[family.type]}`);
    if (family.type === "histogram") {
      for (const sample of family.samples) pushHistogram(lines, family.name, sample);
    } else {
      const sample = sampleName(family);
      for (const { labels, value } of family.samples) {
        lines.push(`${sample}${labelText(labels)} ${value}`);
      }
    }
  }
  return `${lines.join("\n")}\n${exposition.end}`;
}

function pushHistogram(
  lines: string[],
  name: string,
  { labels, buckets, sum }: HistogramSample,
): void {
  const pairs = pairsText(labels);
  const before = pairs === "" ? "" : `${pairs},`;
  for (const { most, count } of buckets) {
    const le = most === Infinity ? "+Inf" : String(most);
    lines.push(`${name}_bucket{${before}le="${le}"} ${count}`);
  }
  const text = inBraces(pairs);
  lines.push(`${name}_sum${text} ${sum}`);
  lines.push(`${name}_count${text} ${buckets.at(-1)?.count ?? 0}`);
}

function labelText(labels: Labels): string {
  return inBraces(pairsText(labels));
}

function inBraces(pairs: string): string {
  return pairs === "" ? "" : `{${pairs}}`;
}

function pairsText(labels: Labels): string {
  return Object.entries(labels).map(([name, value]) => `${name}="${escapeLabel(value)}"`).join(",");
}

/** What comes from initiators and configurations may be anything; a line break would be a new sample. */
function escapeLabel(value: string | number): string {
  return escapeHelp(String(value)).replaceAll('"', '\\"');
}

function escapeHelp(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
}
