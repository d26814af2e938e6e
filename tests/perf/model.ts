/** The model of docs/performance/model.md: what it foretells from the costs of single steps, and what is. */
import type { CellMeter, Sample } from "./cell.ts";
import type { CellLoad } from "./sections.ts";
import type { ContenderName } from "./contenders.ts";
import { describeMachine, type Machine } from "./machine.ts";
import { median } from "./statistics.ts";

const FEW = 4;
const MANY = 32;
const DEPTHS = [FEW, 8, 16, MANY];
const QUICK_DEPTHS = [FEW, 8, MANY];
const LENGTH = 512;

/** What the load reads from, and how answers are sent. */
export const CASES = ["file", "null", "each alone"] as const;
export type Case = typeof CASES[number];

const WHO: Readonly<Record<Case, ContenderName>> = {
  file: "scst",
  null: "scst",
  "each alone": "each",
};

/** Microseconds of each step. */
export interface Costs {
  /** What a turn takes however many commands it has: waking up, receiving, one send, at both ends. */
  readonly turn: number;
  /** What a command takes without what it reads, at both ends. */
  readonly pdu: number;
  /** What the call takes that reads the file. */
  readonly io: number;
  /** What turn and command take where each answer is sent alone: at the slower end, the server. */
  readonly aloneTurn: number;
  readonly alone: number;
}

export interface ModelRow {
  readonly depth: number;
  readonly of: Case;
  /** Commands a second; undefined where the costs were taken from what was measured here. */
  readonly foretold: number | undefined;
  readonly measured: number;
}

export interface Model {
  readonly machine: Machine;
  readonly rounds: number;
  readonly costs: Costs;
  readonly rows: readonly ModelRow[];
}

/** Microseconds of a command in a case, with `depth` of them under way. */
export function commandTime(costs: Costs, of: Case, depth: number): number {
  const { turn, pdu, io, aloneTurn, alone } = costs;
  // Each answer lets the initiator go on: both ends work at one time, and the slower one decides.
  if (of === "each alone") return aloneTurn / depth + alone;
  return turn / depth + pdu + (of === "file" ? io : 0);
}

/** The costs, from the commands a second of five runs: all others are foretold. */
function costsOf(rateOf: (of: Case, depth: number) => number): Costs {
  const time = (of: Case, depth: number) => 1e6 / rateOf(of, depth);
  const turnOf = (of: Case) => (time(of, FEW) - time(of, MANY)) / (1 / FEW - 1 / MANY);
  const many = time("file", MANY);
  const turn = turnOf("file");
  const io = many - time("null", MANY);
  const aloneTurn = turnOf("each alone");
  const alone = time("each alone", MANY) - aloneTurn / MANY;
  return { turn, pdu: many - turn / MANY - io, io, aloneTurn, alone };
}

function isSource(of: Case, depth: number): boolean {
  return depth === MANY || of !== "null" && depth === FEW;
}

/** What the costs foretell for each case and depth, beside what was measured. */
export function modelRows(
  depths: readonly number[],
  rateOf: (of: Case, depth: number) => number,
): { costs: Costs; rows: ModelRow[] } {
  const costs = costsOf(rateOf);
  const rows = depths.flatMap((depth) =>
    CASES.map((of) => ({
      depth,
      of,
      foretold: isSource(of, depth) ? undefined : 1e6 / commandTime(costs, of, depth),
      measured: rateOf(of, depth),
    }))
  );
  return { costs, rows };
}

/** Measures all cases at all depths in turn. */
export async function measureModel(
  meter: CellMeter,
  rounds: number,
  seconds: number,
  isQuick: boolean,
): Promise<Model> {
  const machine = describeMachine();
  const depths = isQuick ? QUICK_DEPTHS : DEPTHS;
  const samples = new Map<string, Sample[]>();
  const measure = (of: Case, depth: number) => {
    const medium = of === "null" ? "null" : "memory";
    const load: CellLoad = { tool: "own", depth, length: LENGTH, medium };
    return meter.measure(WHO[of], load, seconds);
  };
  for (const of of CASES) await measure(of, MANY); // until its code is compiled
  for (let round = 0; round < rounds; round++) {
    for (const depth of depths) {
      for (const of of round % 2 === 0 ? CASES : [...CASES].reverse()) {
        const taken = samples.get(`${of} ${depth}`) ?? [];
        samples.set(`${of} ${depth}`, taken);
        taken.push(await measure(of, depth));
      }
    }
  }
  const rateOf = (of: Case, depth: number) =>
    median(samples.get(`${of} ${depth}`)!.map(({ rate }) => rate));
  return { machine, rounds, ...modelRows(depths, rateOf) };
}
