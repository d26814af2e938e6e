/** Arithmetic with what LUNs did: sums, differences, and the times that most commands keep to. */
import { CLASSES, type FiguresView, type Way, type WayFigures, WAYS } from "../shard/server.ts";

const NO_WAY: WayFigures = {
  commands: 0,
  bytes: 0,
  microseconds: 0,
  classes: new Array<number>(CLASSES).fill(0),
};

/** What nothing came to. */
export const NOTHING: FiguresView = { read: NO_WAY, write: NO_WAY, none: NO_WAY, failed: {} };

/** What both did. */
export function sumOf(one: FiguresView, other: FiguresView): FiguresView {
  return combine(one, other, (a, b) => a + b);
}

/** What was done since `before`; where that is more, it was counted anew. */
export function since(before: FiguresView | undefined, now: FiguresView): FiguresView {
  return before === undefined ? now : combine(now, before, (a, b) => Math.max(0, a - b));
}

/** All ways together. */
export function allWays(figures: FiguresView): WayFigures {
  return WAYS.map((way) => figures[way]).reduce((sum, one) =>
    combineWays(sum, one, (a, b) => a + b)
  );
}

/**
 * Microseconds that `part` of the commands did not take longer than, 0 to 1; undefined of none. Classes
 * are from one power of two to the next: in between it is an estimate, as if they were spread evenly.
 */
export function quantile({ classes }: WayFigures, part: number): number | undefined {
  const count = classes.reduce((sum, one) => sum + one, 0);
  if (count === 0) return undefined;
  let left = part * count;
  for (const [index, here] of classes.entries()) {
    if (here === 0) continue;
    const [from, to] = [index === 0 ? 0 : 2 ** (index - 1), 2 ** index];
    if (left <= here) return from + (to - from) * left / here;
    left -= here;
  }
  return 2 ** (CLASSES - 1);
}

type Operator = (a: number, b: number) => number;

function combine(one: FiguresView, other: FiguresView, operator: Operator): FiguresView {
  const ways = WAYS.map((way) => [way, combineWays(one[way], other[way], operator)]);
  const ends = new Set([...Object.keys(one.failed), ...Object.keys(other.failed)]);
  const failed = Array.from(
    ends,
    (end) => [end, operator(one.failed[end] ?? 0, other.failed[end] ?? 0)] as const,
  );
  return {
    ...Object.fromEntries(ways) as Record<Way, WayFigures>,
    failed: Object.fromEntries(failed.filter(([, count]) => count > 0)),
  };
}

function combineWays(one: WayFigures, other: WayFigures, operator: Operator): WayFigures {
  return {
    commands: operator(one.commands, other.commands),
    bytes: operator(one.bytes, other.bytes),
    microseconds: operator(one.microseconds, other.microseconds),
    classes: one.classes.map((count, index) => operator(count, other.classes[index] ?? 0)),
  };
}
