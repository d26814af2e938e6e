/**
 * How long the commands of a session took: by direction and size, in each stage and all in all. All of
 * it is one array that is made before the first command is measured.
 */
import { STAGES } from "../scsi/stage.ts";

/** Where the data of a command goes: none, reads, writes, both. SCST names its files so. */
export const LATENCY_WAYS = ["n", "r", "w", "b"] as const;
export type LatencyWay = typeof LATENCY_WAYS[number];

/** Bytes of data; a command counts for the largest of them that it reaches, or for the first. */
export const LATENCY_SIZES: readonly number[] = Array.from({ length: 11 }, (_, n) => 512 << n);

/** What is told of a stage; times in microseconds. */
export interface LatencyRow {
  /** A name of the table of stages, or "total". */
  readonly stage: string;
  readonly count: number;
  readonly min: number;
  readonly max: number;
  readonly average: number;
  readonly deviation: number;
}

/** The row behind the stages: from the first to the last. */
export const TOTAL = STAGES.length;
const ROW_NAMES = [...STAGES.map(({ name }) => name), "total"];

/** Figures of a row. */
const COUNT = 0;
const MIN = 1;
const MAX = 2;
const SUM = 3;
const SQUARES = 4;
const FIGURES = 5;

const CELL = ROW_NAMES.length * FIGURES;

/** log2 of the first size. */
const FIRST = 9;

/** Where commands of a way that move so many bytes are counted. */
export function cellOf(way: number, bytes: number): number {
  const size = Math.max(0, Math.min(LATENCY_SIZES.length - 1, 31 - Math.clz32(bytes) - FIRST));
  return way * LATENCY_SIZES.length + size;
}

export class LatencyFigures {
  #figures = new Float64Array(LATENCY_WAYS.length * LATENCY_SIZES.length * CELL);

  /** Counts a command that was `milliseconds` in a stage, or in all of them with TOTAL. */
  add(cell: number, row: number, milliseconds: number): void {
    const figures = this.#figures;
    const at = cell * CELL + row * FIGURES;
    const time = milliseconds * 1000;
    const count = figures[at + COUNT]!;
    figures[at + COUNT] = count + 1;
    if (count === 0 || time < figures[at + MIN]!) figures[at + MIN] = time;
    if (time > figures[at + MAX]!) figures[at + MAX] = time;
    figures[at + SUM]! += time;
    figures[at + SQUARES]! += time * time;
  }

  /** Forgets what a cell has counted. */
  reset(cell: number): void {
    this.#figures.fill(0, cell * CELL, (cell + 1) * CELL);
  }

  /** What a cell has counted, one row for each stage and one for the total. */
  rows(cell: number): LatencyRow[] {
    return ROW_NAMES.map((stage, row) => {
      const at = cell * CELL + row * FIGURES;
      const [count, min, max, sum, squares] = this.#figures.subarray(
        at,
        at + FIGURES,
      ) as unknown as [number, number, number, number, number];
      const average = count === 0 ? 0 : sum / count;
      // Rounding may leave less than nothing where all took equally long.
      const variance = count === 0 ? 0 : Math.max(0, squares / count - average * average);
      return { stage, count, min, max, average, deviation: Math.sqrt(variance) };
    });
  }
}
