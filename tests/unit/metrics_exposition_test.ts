/** Metrics as text: what a strict reader makes of it, and that this reader is strict. */
import assert from "node:assert/strict";
import { expositionFor, expositionText, type Family } from "../../lib/metrics/exposition.ts";
import { parseExposition } from "../harness/exposition.ts";

const NASTY = 'a"b\\c\nd}e{f=",g';

const FAMILIES: readonly Family[] = [
  {
    name: "x",
    type: "info",
    help: "The version",
    samples: [{ labels: { version: "1" }, value: 1 }],
  },
  {
    name: "x_reads",
    type: "counter",
    help: "A back\\slash and\na line",
    samples: [{ labels: { who: NASTY }, value: 5 }, { labels: { who: "" }, value: 2 ** 53 }],
  },
  { name: "x_delay_seconds", type: "gauge", help: "Late", samples: [{ labels: {}, value: 1e-7 }] },
  { name: "x_none", type: "counter", help: "Nothing", samples: [] },
  {
    name: "x_time_seconds",
    type: "histogram",
    help: "Took",
    samples: [{
      labels: { lun: 0 },
      sum: 0.25,
      buckets: [{ most: 0.001, count: 2 }, { most: 1, count: 3 }, { most: Infinity, count: 3 }],
    }],
  },
];

const OPEN = "application/openmetrics-text;version=1.0.0;q=0.75,text/plain;version=0.0.4;q=0.5";

Deno.test("expositionText() is what a strict reader reads, in both forms", () => {
  for (const [accept, isOpen] of [["", false], ["text/plain", false], [OPEN, true]] as const) {
    const exposition = expositionFor(accept);
    const families = parseExposition(expositionText(FAMILIES, exposition));
    assert.match(exposition.type, isOpen ? /^application\/openmetrics-text; v/ : /^text\/plain; v/);
    assert.deepEqual(
      families.map(({ name, type }) => `${name} ${type}`),
      isOpen
        ? [
          "x info",
          "x_reads counter",
          "x_delay_seconds gauge",
          "x_none counter",
          "x_time_seconds histogram",
        ]
        : [
          "x_info gauge",
          "x_reads_total counter",
          "x_delay_seconds gauge",
          "x_none_total counter",
          "x_time_seconds histogram",
        ],
    );
    const [, reads, delay, , times] = families;
    assert.deepEqual(reads!.samples.map(({ value }) => value), [5, 2 ** 53]);
    assert.equal(reads!.samples[0]!.labels.get("who"), NASTY);
    assert.equal(reads!.help, "A back\\\\slash and\\na line");
    assert.equal(delay!.samples[0]!.value, 1e-7);
    assert.deepEqual(times!.samples.map(({ value }) => value), [2, 3, 3, 0.25, 3]);
  }
});

Deno.test("parseExposition() refuses what scrapers might take amiss", () => {
  const head = "# HELP a_total A\n# TYPE a_total counter\n";
  const histogram = "# HELP h H\n# TYPE h histogram\n";
  const wrong = [
    "a_total 1\n",
    `${head}a_total 1`,
    `${head}a_total one\n`,
    `${head}a_total -1\n`,
    `${head}b_total 1\n`,
    `${head}a_total 1\na_total 2\n`,
    `${head}${head}`,
    `${head}a_total{x="1"y="2"} 1\n`,
    `${head}a_total{x="1",} 1\n`,
    `${head}a_total{x="a"b"} 1\n`,
    `${head}a_total{x="a\\q"} 1\n`,
    `${head}a_total{x="1",x="2"} 1\n`,
    `${head}a_total 1\n# EOF\n`,
    "# HELP a A\n# TYPE a counter\na 1\n",
    "# HELP a A\n# TYPE b gauge\n",
    "# HELP a A\n# TYPE a untyped\n",
    `${histogram}h_bucket{le="1"} 2\nh_bucket{le="+Inf"} 1\nh_sum 1\nh_count 1\n`,
    `${histogram}h_bucket{le="1"} 1\nh_sum 1\nh_count 1\n`,
    `${histogram}h_bucket{le="+Inf"} 1\nh_sum 1\nh_count 2\n`,
    `${histogram}h_bucket{le="+Inf"} 1\nh_count 1\n`,
    `${histogram}h_bucket 1\nh_sum 1\nh_count 1\n`,
  ];
  for (const text of wrong) assert.throws(() => parseExposition(text), Error, text);
  parseExposition(`${head}a_total{x="1"} 1\n`);
});

Deno.test("expositionFor() gives the form that is wanted more", () => {
  const prometheus = "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5," +
    "application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=1.0.0;q=0.3,*/*;q=0.1";
  const table: [accept: string, isOpen: boolean][] = [
    [prometheus, true],
    ["Application/OpenMetrics-Text", true],
    ["text/plain;version=0.0.4;q=0.5,application/openmetrics-text;version=1.0.0;q=0.4", false],
    ["application/openmetrics-text;q=0, text/plain", false],
    ["application/openmetrics-text;q=0", false],
    ["application/openmetrics-text, text/plain", true],
    ["application/x-openmetrics-text-not", false],
    ["text/html, */*", false],
    ["", false],
  ];
  for (const [accept, isOpen] of table) {
    const type = isOpen ? "application/openmetrics-text" : "text/plain";
    assert.equal(expositionFor(accept).type.split(";")[0], type, accept);
  }
});
