/**
 * What the commands of a logical unit came to: how many, how much they moved, how long they took, how
 * they failed. It is always counted, so one array that is made with the first command has all of it,
 * and what commands of one turn took is entered at its end, for all of them at once.
 */
import { Status } from "../scsi/status.ts";

/** Where the data of commands goes. */
export const WAYS = ["read", "write", "none"] as const;
export type Way = typeof WAYS[number];

/** WAYS by number. */
export const Ways = { READ: 0, WRITE: 1, NONE: 2 } as const;

/** How commands end that fail: with a sense key (SPC-5 table 49), another status, or not at all. */
export const ENDS = [
  ..."no_sense recovered_error not_ready medium_error hardware_error illegal_request".split(" "),
  ..."unit_attention data_protect blank_check vendor_specific copy_aborted".split(" "),
  ..."aborted_command reserved volume_overflow miscompare completed".split(" "),
  ..."busy reservation_conflict task_set_full aca_active task_aborted aborted".split(" "),
];

const STATUSES: ReadonlyMap<number, number> = new Map([
  [Status.BUSY, ENDS.indexOf("busy")],
  [Status.RESERVATION_CONFLICT, ENDS.indexOf("reservation_conflict")],
  [Status.TASK_SET_FULL, ENDS.indexOf("task_set_full")],
  [Status.ACA_ACTIVE, ENDS.indexOf("aca_active")],
  [Status.TASK_ABORTED, ENDS.indexOf("task_aborted")],
]);

/** A command that ended without a status. */
export const ABORTED = ENDS.indexOf("aborted");

/** The place in ENDS of a status that is not GOOD, with its sense (0xKKAAQQ). */
export function endOf(status: number, sense: number): number {
  return STATUSES.get(status) ?? sense >> 16 & 0xf;
}

/**
 * Classes of times: below 1 us, then from one power of two to the next up to 2**25 us (34 s), and all
 * that is longer.
 */
export const CLASSES = 27;

/** The class of a time in whole microseconds, which is below 2**class of them. */
export function classOf(microseconds: number): number {
  return Math.min(CLASSES - 1, 32 - Math.clz32(Math.min(microseconds, 2 ** 31)));
}

/** Figures of a way, in this order. */
const COMMANDS = 0;
const BYTES = 1;
const MICROSECONDS = 2;
/** Those that have ended in this turn. */
const UNSETTLED = 3;
const CLASS = 4;
const WAY = CLASS + CLASSES;

/** Behind the ways: how many commands ended in each of ENDS. */
const END = WAYS.length * WAY;

/** Numbers that all of it is. */
export const FIGURES_LENGTH = END + ENDS.length;

/** A way as plain data. */
export interface WayFigures {
  /** Commands that have ended, well or not, and what those that ended well have moved. */
  readonly commands: number;
  readonly bytes: number;
  /** What they took all in all, and how many of them are in each class. */
  readonly microseconds: number;
  readonly classes: readonly number[];
}

/** All of it as plain data. */
export type FiguresView = Readonly<Record<Way, WayFigures>> & {
  /** Commands that failed, by ENDS; none that are 0. */
  readonly failed: Readonly<Record<string, number>>;
};

export class CommandFigures {
  #values = new Float64Array(FIGURES_LENGTH);
  /** Whether commands have ended in this turn. */
  isUnsettled = false;
  /** What it was added to. */
  #heir: CommandFigures | undefined = undefined;

  /** Counts a command that ended in the turn in which it came; settle() follows. */
  count(way: number, bytes: number): void {
    const values = this.#values;
    values[way * WAY + COMMANDS]!++;
    values[way * WAY + BYTES]! += bytes;
    values[way * WAY + UNSETTLED]!++;
    this.isUnsettled = true;
  }

  /** The commands that were counted since the last time took so many microseconds. */
  settle(microseconds: number): void {
    const values = this.#values;
    const into = this.#heir ?? this;
    for (let way = 0; way < WAYS.length; way++) {
      const ended = values[way * WAY + UNSETTLED]!;
      if (ended === 0) continue;
      into.#enter(way, ended, microseconds);
      values[way * WAY + UNSETTLED] = 0;
    }
    this.isUnsettled = false;
  }

  /** Counts a command that took so many microseconds. */
  took(way: number, bytes: number, microseconds: number): void {
    this.#values[way * WAY + COMMANDS]!++;
    this.#values[way * WAY + BYTES]! += bytes;
    this.#enter(way, 1, microseconds);
  }

  /** One of the commands has failed, as `end` of ENDS says. */
  fail(end: number): void {
    this.#values[END + end]!++;
  }

  /** Adds all of it to `other`, and what is not settled as soon as it is; it counts no more itself. */
  mergeInto(other: CommandFigures): void {
    for (let at = 0; at < FIGURES_LENGTH; at++) {
      const isUnsettled = at < END && at % WAY === UNSETTLED;
      if (!isUnsettled) other.#values[at]! += this.#values[at]!;
    }
    this.#heir = other;
  }

  /** Whether there is anything to tell. */
  get isUsed(): boolean {
    return this.#values.some((value) => value > 0);
  }

  get view(): FiguresView {
    return viewOfFigures(this.#values);
  }

  /** Puts all of it into `values` from `at` on: that is much cheaper than a view. */
  copyTo(values: Float64Array, at: number): void {
    values.set(this.#values, at);
  }

  #enter(way: number, count: number, microseconds: number): void {
    const values = this.#values;
    values[way * WAY + MICROSECONDS]! += count * microseconds;
    values[way * WAY + CLASS + classOf(microseconds)]! += count;
  }
}

/** Figures as copyTo() has put them, as plain data. */
export function viewOfFigures(values: Float64Array): FiguresView {
  const ways = WAYS.map((name, way) => [name, wayView(values, way * WAY)]);
  const failed = ENDS.map((name, end) => [name, values[END + end]!] as const);
  return {
    ...Object.fromEntries(ways),
    failed: Object.fromEntries(failed.filter(([, count]) => count > 0)),
  };
}

function wayView(values: Float64Array, at: number): WayFigures {
  return {
    commands: values[at + COMMANDS]!,
    bytes: values[at + BYTES]!,
    microseconds: values[at + MICROSECONDS]!,
    classes: [...values.subarray(at + CLASS, at + WAY)],
  };
}
