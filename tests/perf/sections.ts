/**
 * What the bench measures: THE table of its sections. Each is a table with a row for each `x` and a
 * column for each series; the cells of a row are measured one after the other, in every round.
 */
import type { ContenderName, MediumName } from "./contenders.ts";

const KIB = 2 ** 10;
const MIB = 2 ** 20;

/** Who puts a load on, and what it is like. */
export interface CellLoad {
  /** `stream` is a copy through a socket of loopback without anything else, `fio` reads the file itself. */
  readonly tool: "iscsi-perf" | "own" | "stream" | "fio";
  readonly depth: number;
  readonly length: number;
  readonly sessions?: number;
  /** The part of the commands that read; all of them where nothing is said. */
  readonly reads?: number;
  readonly sequential?: boolean;
  readonly digests?: boolean;
  readonly medium?: MediumName;
  /** LUNs that are used in turn. */
  readonly luns?: number;
  /** Who is measured, where that is not the same for all of the series. */
  readonly contender?: ContenderName;
}

export interface Series {
  readonly name: string;
  readonly contender: ContenderName;
}

/** A ratio that the project promises: `of` is at least `least` times `to`. */
export interface Goal {
  readonly x: number;
  readonly of: string;
  readonly to: string;
  readonly least?: number;
}

/** A limit on the processor time of a command, in microseconds. */
export interface CpuGoal {
  readonly x: number;
  readonly of: string;
  readonly cpuMost: number;
}

/** How little a figure may sink as `x` grows: its least value, as a part of that of the first row. */
export interface GrowthGoal {
  readonly of: string;
  readonly keeps: number;
}

export interface Section {
  readonly name: string;
  readonly title: string;
  /** What `x` is, and how its values are written where not as numbers. */
  readonly x: string;
  readonly label?: (x: number) => string;
  readonly xs: readonly number[];
  /** Those of `xs` that a quick run measures. */
  readonly quick: readonly number[];
  readonly series: readonly Series[];
  /** The load of a cell; undefined where there is none. */
  readonly load: (x: number, series: string) => CellLoad | undefined;
  readonly figure: "IOPS" | "MB/s";
  readonly goals: readonly (Goal | CpuGoal | GrowthGoal)[];
  /** Charts that are drawn of it: of the figure, or of the mean latency. */
  readonly charts: readonly { readonly file: string; readonly of: "figure" | "latency" }[];
  /** Tools without which it is left out. */
  readonly tools: readonly ("iscsi-perf" | "fio" | "libisal" | "tgtd")[];
}

const THREE: readonly Series[] = [
  { name: "scst", contender: "scst" },
  { name: "tgtd", contender: "tgtd" },
  { name: "floor", contender: "floor" },
];
const TWO = THREE.slice(0, 2);

const DEPTHS = [1, 4, 16, 32, 64, 128];

/** `of` beside tgtd and the floor, by queue depth. */
function depthGoals(): Goal[] {
  const beside = {
    1: [1.4, 0.75],
    4: [1, 0.8],
    16: [1, 0.8],
    32: [2.5, 0.8],
    64: [3, 0.8],
    128: [3, 0.8],
  };
  return Object.entries(beside).flatMap(([x, [tgtd, floor]]) => [
    { x: Number(x), of: "scst", to: "tgtd", least: tgtd! },
    { x: Number(x), of: "scst", to: "floor", least: floor! },
  ]);
}

function cpuGoals(): CpuGoal[] {
  return [32, 64, 128].map((x) => ({ x, of: "scst", cpuMost: 2.5 }));
}

function size(bytes: number): string {
  return bytes >= MIB ? `${bytes / MIB} MiB` : bytes >= KIB ? `${bytes / KIB} KiB` : `${bytes} B`;
}

const BLOCKS = [512, 4 * KIB, 64 * KIB, MIB];
const COPIED: readonly Series[] = [...TWO, { name: "raw copy", contender: "floor" }];

function copyGoals(): Goal[] {
  return [64 * KIB, MIB].flatMap((x) => [
    { x, of: "scst", to: "tgtd", least: 1.5 },
    { x, of: "scst", to: "raw copy", least: 0.7 },
  ]);
}

function blockLoad(reads: number): Section["load"] {
  return (length, series) => {
    if (series !== "raw copy") return { tool: "own", depth: 16, length, reads, sequential: true };
    return length < 64 * KIB ? undefined : { tool: "stream", depth: 1, length };
  };
}

const MIXES = { read: 1, write: 0, "70/30": 0.7 } as const;
type Mix = keyof typeof MIXES;

const MEDIA: readonly { readonly label: string; readonly medium: MediumName }[] = [
  { label: "null", medium: "null" },
  { label: "file in memory", medium: "memory" },
  { label: "file on disk, warm", medium: "warm" },
  { label: "file on disk, cold", medium: "cold" },
];
const COLD = MEDIA.findIndex(({ medium }) => medium === "cold");

const DIGESTS = ["libisal, reads", "libisal, writes", "TypeScript, reads", "TypeScript, writes"];

export const SECTIONS: readonly Section[] = [
  {
    name: "depth",
    title: "512-byte random reads of a file in memory, one session, load by iscsi-perf",
    x: "queue depth",
    xs: DEPTHS,
    quick: [1, 32],
    series: THREE,
    load: (depth) => ({ tool: "iscsi-perf", depth, length: 512 }),
    figure: "IOPS",
    goals: [...depthGoals(), ...cpuGoals()],
    charts: [
      { file: "iops_by_depth.svg", of: "figure" },
      { file: "latency_by_depth.svg", of: "latency" },
    ],
    tools: ["iscsi-perf", "tgtd"],
  },
  {
    name: "initiator",
    title: "512-byte random reads of a file in memory, one session, load by the bench's initiator",
    x: "queue depth",
    xs: DEPTHS,
    quick: [1, 32],
    series: THREE,
    load: (depth) => ({ tool: "own", depth, length: 512 }),
    figure: "IOPS",
    goals: [...depthGoals(), ...cpuGoals()],
    charts: [{ file: "iops_by_depth_own.svg", of: "figure" }],
    tools: ["tgtd"],
  },
  {
    name: "crowd",
    title: "512-byte random reads of a file in memory, 16 sessions",
    x: "queue depth of each",
    xs: [1, 4, 32],
    quick: [4],
    series: THREE,
    load: (depth) => ({ tool: "own", depth, length: 512, sessions: 16 }),
    figure: "IOPS",
    goals: [],
    charts: [],
    tools: ["tgtd"],
  },
  {
    name: "mix",
    title: "4 KiB random commands on a file in memory, one session",
    x: "queue depth",
    xs: [1, 32, 128],
    quick: [32],
    series: Object.keys(MIXES).flatMap((mix) =>
      TWO.map(({ name, contender }) => ({ name: `${name} ${mix}`, contender }))
    ),
    load: (depth, series) => {
      const mix = series.slice(series.indexOf(" ") + 1) as Mix;
      return { tool: "own", depth, length: 4 * KIB, reads: MIXES[mix] };
    },
    figure: "IOPS",
    goals: [{ x: 32, of: "scst write", to: "tgtd write", least: 2 }],
    charts: [],
    tools: ["tgtd"],
  },
  {
    name: "read",
    title: "sequential reads of a file in memory, one session, queue depth 16",
    x: "block size",
    label: size,
    xs: BLOCKS,
    quick: [64 * KIB],
    series: COPIED,
    load: blockLoad(1),
    figure: "MB/s",
    goals: copyGoals(),
    charts: [{ file: "read_by_size.svg", of: "figure" }],
    tools: ["tgtd"],
  },
  {
    name: "write",
    title: "sequential writes to a file in memory, one session, queue depth 16",
    x: "block size",
    label: size,
    xs: BLOCKS,
    quick: [64 * KIB],
    series: COPIED,
    load: blockLoad(0),
    figure: "MB/s",
    goals: copyGoals(),
    charts: [{ file: "write_by_size.svg", of: "figure" }],
    tools: ["tgtd"],
  },
  {
    name: "sessions",
    title: "512-byte random reads of a file in memory, queue depth 8 in each session",
    x: "sessions",
    xs: [1, 4, 16, 64, 256],
    quick: [16],
    series: THREE,
    load: (sessions) => ({ tool: "own", depth: 8, length: 512, sessions }),
    figure: "IOPS",
    goals: [{ of: "scst", keeps: 0.8 }],
    charts: [{ file: "iops_by_sessions.svg", of: "figure" }],
    tools: ["tgtd"],
  },
  {
    name: "luns",
    title: "512-byte random reads of null devices, one session, queue depth 32",
    x: "LUNs",
    xs: [1, 10, 100, 1000],
    quick: [1000],
    series: [{ name: "scst", contender: "luns" }],
    load: (luns) => ({ tool: "own", depth: 32, length: 512, luns }),
    figure: "IOPS",
    goals: [{ of: "scst", keeps: 0.8 }],
    charts: [{ file: "iops_by_luns.svg", of: "figure" }],
    tools: [],
  },
  {
    name: "media",
    title: "4 KiB random reads, one session, queue depth 32",
    x: "medium",
    label: (x) => MEDIA[x]!.label,
    xs: MEDIA.map((_, index) => index),
    quick: [0, 2],
    series: [...TWO, { name: "fio", contender: "file" }],
    load: (x, series) => {
      const { medium } = MEDIA[x]!;
      if (series === "fio" && x !== COLD || series === "tgtd" && medium === "null") {
        return undefined;
      }
      return { tool: series === "fio" ? "fio" : "own", depth: 32, length: 4 * KIB, medium };
    },
    figure: "IOPS",
    goals: [{ x: COLD, of: "scst", to: "fio", least: 0.9 }],
    charts: [],
    tools: ["tgtd", "fio"],
  },
  {
    name: "digests",
    title: "64 KiB commands on a file in memory, queue depth 8, with CRC32C of headers and data",
    x: "CRC32C by",
    label: (x) => DIGESTS[x]!,
    xs: DIGESTS.map((_, index) => index),
    quick: [0, 3],
    series: [{ name: "none", contender: "scst" }, { name: "CRC32C", contender: "scst" }],
    load: (x, series) => ({
      tool: "own",
      depth: 8,
      length: 64 * KIB,
      reads: x % 2 === 0 ? 1 : 0,
      digests: series === "CRC32C",
      contender: x < 2 ? "scst" : "portable",
    }),
    figure: "MB/s",
    goals: [0.85, 0.85, 0.6, 0.6].map((least, x) => ({ x, of: "CRC32C", to: "none", least })),
    charts: [],
    tools: ["libisal"],
  },
  {
    name: "replies",
    title: "512-byte random reads, one session, load by iscsi-perf: how answers are sent",
    x: "queue depth",
    xs: DEPTHS,
    quick: [1, 32],
    series: [
      { name: "each alone", contender: "each" },
      { name: "Nagle", contender: "nagle" },
      { name: "held 1 ms", contender: "held" },
      { name: "as shipped", contender: "scst" },
    ],
    load: (depth) => ({ tool: "iscsi-perf", depth, length: 512 }),
    figure: "IOPS",
    goals: [],
    charts: [{ file: "replies.svg", of: "figure" }],
    tools: ["iscsi-perf"],
  },
];
