/** What commands have moved, by direction, as SCST counts it. */

/** Where the data of commands goes, and those of which nobody knows. */
export const DIRECTIONS = ["none", "read", "write", "bidi", "unknown"] as const;
export type Direction = typeof DIRECTIONS[number];

/** The counters of one direction; those of "none" and "unknown" have no bytes. */
export interface DirectionCounters {
  /** Commands. */
  count: number;
  /** Bytes that they were to move, as their initiator expected. */
  bytes: number;
  /** Commands that did not begin and end at multiples of 4 KiB. */
  unaligned: number;
}

const ALIGNMENT_MASK = 4095;

function zero(): DirectionCounters {
  return { count: 0, bytes: 0, unaligned: 0 };
}

export type Counters = Readonly<Record<Direction, Readonly<DirectionCounters>>>;

export class CommandCounters {
  readonly none = zero();
  readonly read = zero();
  readonly write = zero();
  readonly bidi = zero();
  readonly unknown = zero();

  /** Counts a command that moves `bytes` of data from byte `at` of the medium on. */
  count(counters: DirectionCounters, at: number, bytes: number): void {
    counters.count++;
    counters.bytes += bytes;
    if (((at | bytes) & ALIGNMENT_MASK) !== 0) counters.unaligned++;
  }

  /** How they stand now. */
  snapshot(): Counters {
    const { none, read, write, bidi, unknown } = this;
    return structuredClone({ none, read, write, bidi, unknown });
  }

  /** Begins anew with one direction. */
  reset(direction: Direction): void {
    Object.assign(this[direction], zero());
  }
}
