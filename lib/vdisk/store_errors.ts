/**
 * The errors that the store of a disk has made, counted by kind, and told to the operator: a line at
 * once, and of those that follow in the next seconds how many they were.
 */
import { describeErrno } from "../../ffi/errno.ts";
import { ERROR_KINDS, type ErrorKind, kindOfError } from "./errno_sense.ts";

/** Milliseconds from one line about a kind of errors to the next. */
const SILENCE = 5000;

/** What went wrong. */
export interface StoreErrorDetail {
  /** The name of the operation (IoOperation). */
  readonly operation: string;
  readonly errno: number;
  /** The first block, and how many; undefined where it was not about blocks. */
  readonly lba?: number;
  readonly blocks?: number;
}

/** What was counted and is not told. */
interface Untold {
  count: number;
  last: StoreErrorDetail;
}

export class StoreErrors {
  /** Errors so far, by kind. */
  readonly counts: Record<ErrorKind, number>;
  /** Failures that have stopped the disk (VirtualDisk.fail) so far. */
  failures = 0;
  #report: (line: string) => void;
  #toldAt = new Map<ErrorKind, number>();
  #untold = new Map<ErrorKind, Untold>();

  /** `report` takes a line for the log, which does not name the device yet. */
  constructor(report: (line: string) => void) {
    this.#report = report;
    this.counts = Object.fromEntries(ERROR_KINDS.map((kind) => [kind, 0])) as Record<
      ErrorKind,
      number
    >;
  }

  /** An operation of the store has failed. */
  note(detail: StoreErrorDetail): void {
    const kind = kindOfError(detail.errno);
    this.counts[kind]++;
    const now = performance.now();
    const toldAt = this.#toldAt.get(kind);
    if (toldAt === undefined || now - toldAt >= SILENCE) {
      this.#tell(kind, now, describe(detail));
      return;
    }
    const untold = this.#untold.get(kind);
    if (untold === undefined) this.#untold.set(kind, { count: 1, last: detail });
    else {
      untold.count++;
      untold.last = detail;
    }
  }

  /** Tells, once in a while, what was only counted. */
  tick(now: number): void {
    for (const [kind, { count, last }] of this.#untold) {
      if (now - this.#toldAt.get(kind)! < SILENCE) continue;
      this.#tell(kind, now, `${describe(last)}; ${count} in the last seconds`);
    }
  }

  #tell(kind: ErrorKind, now: number, line: string): void {
    this.#toldAt.set(kind, now);
    this.#untold.delete(kind);
    this.#report(line);
  }
}

function describe({ operation, errno, lba, blocks }: StoreErrorDetail): string {
  const place = lba === undefined ? "" : `: lba=${lba} blocks=${blocks}`;
  return `${operation} failed: ${describeErrno(errno)}${place}`;
}
