/** The model of docs/performance/model.md: what it foretells from the costs of single steps, and what is. */
import type { CellMeter, Sample } from "./cell.ts";
import type { ContenderName } from "./contenders.ts";
import { type Costs, measureCosts, serverTime } from "./costs.ts";
import { describeMachine, type Machine } from "./machine.ts";
import { median } from "./statistics.ts";

const DEPTHS = [4, 8, 16, 32];
const QUICK_DEPTHS = [4, 32];
const LENGTH = 512;

export interface ModelRow {
  readonly depth: number;
  /** Commands for each receive of the initiator, of the server as shipped. */
  readonly batch: number;
  /** Commands a second: those of the floor, and foretold and measured of the server as shipped. */
  readonly floor: number;
  readonly foretold: number;
  readonly measured: number;
  /** Processor time of a command as shipped, and with a send for each answer. */
  readonly cpuForetold: number;
  readonly cpuMeasured: number;
  readonly eachForetold: number;
  readonly eachMeasured: number;
}

export interface Model {
  readonly machine: Machine;
  readonly rounds: number;
  readonly costs: Costs;
  readonly rows: readonly ModelRow[];
}

/** The costs of several rounds: for each its median. */
function medianCosts(rounds: readonly Costs[]): Costs {
  const keys = Object.keys(rounds[0]!) as (keyof Costs)[];
  const entries = keys.map((key) => [key, median(rounds.map((costs) => costs[key]))]);
  return Object.fromEntries(entries);
}

/** What the costs foretell for a depth, beside what was measured. */
export function modelRow(
  costs: Costs,
  depth: number,
  floor: readonly Sample[],
  shipped: readonly Sample[],
  each: readonly Sample[],
): ModelRow {
  const rate = (samples: readonly Sample[]) => median(samples.map((sample) => sample.rate));
  const cpu = (samples: readonly Sample[]) => median(samples.map((sample) => sample.cpu!));
  return {
    depth,
    batch: median(shipped.map((sample) => sample.batch!)),
    floor: rate(floor),
    foretold: 1e6 / (1e6 / rate(floor) + costs.pdu + costs.io),
    measured: rate(shipped),
    cpuForetold: serverTime(costs, depth, 1),
    cpuMeasured: cpu(shipped),
    eachForetold: serverTime(costs, depth, depth),
    eachMeasured: cpu(each),
  };
}

/** How far a value is from what was measured. */
export function errorOf(foretold: number, measured: number): number {
  return foretold / measured - 1;
}

/** Measures costs, floor and server in turn. */
export async function measureModel(
  meter: CellMeter,
  rounds: number,
  seconds: number,
  isQuick: boolean,
): Promise<Model> {
  const machine = describeMachine();
  const contenders: readonly ContenderName[] = ["floor", "scst", "each"];
  const depths = isQuick ? QUICK_DEPTHS : DEPTHS;
  const costs: Costs[] = [];
  const samples = new Map<string, Sample[]>();
  for (const who of contenders) {
    await meter.measure(who, { tool: "own", depth: 32, length: LENGTH }, seconds);
  }
  for (let round = 0; round < rounds; round++) {
    costs.push(measureCosts());
    for (const depth of depths) {
      for (const who of round % 2 === 0 ? contenders : [...contenders].reverse()) {
        const taken = samples.get(`${who} ${depth}`) ?? [];
        samples.set(`${who} ${depth}`, taken);
        taken.push(await meter.measure(who, { tool: "own", depth, length: LENGTH }, seconds));
      }
    }
  }
  const result = medianCosts(costs);
  const rows = depths.map((depth) => {
    const [floor, shipped, each] = contenders.map((who) => samples.get(`${who} ${depth}`)!);
    return modelRow(result, depth, floor!, shipped!, each!);
  });
  return { machine, rounds, costs: result, rows };
}
