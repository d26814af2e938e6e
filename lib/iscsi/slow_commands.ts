/**
 * Tells of commands that take long, and where their time went. A command that ends in the turn in which it
 * came is none, unless its answer waits for the network: what the turn takes is a matter of the loop.
 */
import { CommandRecord } from "./command_record.ts";
import type { Session } from "./session.ts";
import type { Task } from "./task.ts";

/** Milliseconds that nothing but trouble takes, and that no initiator has given up after. */
export const SLOW = 1000;

/** Milliseconds from one line to the next: a disk that stands still makes all commands slow. */
const SILENCE = 1000;

export class SlowCommands {
  /** Milliseconds from which on a command is slow; Infinity tells of none. */
  threshold = SLOW;
  #toldAt = -Infinity;
  #untold = 0;
  #aborted = new CommandRecord();

  /** A listed command has its answer. If it is slow already, it is told of when that is sent. */
  answered(task: Task, now: number): void {
    if (!this.#isSlow(task, now)) return;
    const others = this.#count(now);
    if (others !== undefined) task.session.unsent.keep(task, now, others);
    task.times = undefined;
  }

  /** A listed command was aborted. */
  aborted(task: Task, now: number): void {
    if (!this.#isSlow(task, now)) return;
    const others = this.#count(now);
    if (others !== undefined) {
      const record = this.#aborted;
      record.read(task, now, others);
      const what = `was aborted after ${seconds(now - record.arrived)} (${stagesOf(record)})`;
      tell(task.session, record, what);
    }
    task.times = undefined;
  }

  /**
   * The answer of a command was taken by the network as a whole, or never will be. `record` has
   * `others` if the command was found slow before.
   */
  sent(session: Session, record: CommandRecord, now: number, isLost: boolean): void {
    if (now - record.arrived < this.threshold) return;
    if (record.others === undefined) {
      record.others = this.#count(now);
      if (record.others === undefined) return;
    }
    const until = isLost ? " until the connection ended" : "";
    const send = `send ${whole(now - record.left)}${until}`;
    tell(session, record, `took ${seconds(now - record.arrived)} (${stagesOf(record)}, ${send})`);
  }

  /** Whether a listed command is slow, and was not counted before. */
  #isSlow({ arrived, times }: Task, now: number): boolean {
    return now - arrived >= this.threshold && times !== undefined;
  }

  /** Counts a slow command; those that its line speaks for as well, undefined if it has none. */
  #count(now: number): number | undefined {
    if (now - this.#toldAt < SILENCE) {
      this.#untold++;
      return undefined;
    }
    const others = this.#untold;
    this.#toldAt = now;
    this.#untold = 0;
    return others;
  }
}

function stagesOf({ arrived, turn, store, left }: CommandRecord): string {
  return `data ${whole(turn - arrived)}, queue ${whole(store - turn)}, store ${
    whole(left - store)
  }`;
}

function whole(milliseconds: number): string {
  return `${Math.max(0, milliseconds).toFixed(0)} ms`;
}

function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(2)} s`;
}

function tell(session: Session, record: CommandRecord, what: string): void {
  const { operation, others } = record;
  const more = others === 0 ? "" : `, as ${others} others before`;
  session.report(
    "warning",
    `slow command: ${operation?.name ?? "unknown operation"} ${what}${more}`,
    record,
  );
}
