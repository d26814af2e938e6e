/**
 * Tells of commands that take long, and where their time went. A command that ends in the turn in which it
 * came is none, unless its answer waits for the network: what the turn takes is a matter of the loop.
 */
import type { Stage } from "../scsi/stage.ts";
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
  #record = new CommandRecord();

  /** A listed command has its answer. If it is slow already, it is told of when that is sent. */
  answered(task: Task, now: number): void {
    if (!this.#isSlow(task, now)) return;
    const { unsent } = task.session;
    // Those that wait to be sent may be slow by now as well, and hold this one up: they come first.
    unsent.judge(now);
    unsent.keep(task, now);
    task.times = undefined;
  }

  /** A listed command was aborted, in that stage. */
  aborted(task: Task, now: number, stage?: Stage): void {
    if (!this.#isSlow(task, now)) return;
    this.#tellNow(task, now, stage, "was aborted");
    task.times = undefined;
  }

  /** A listed command has no answer for long: its end, if there is one, is told of as well. */
  late(task: Task, now: number): void {
    if (this.#isSlow(task, now)) this.#tellNow(task, now, task.stage, "has no answer");
  }

  /** Counts a command if it is slow by now: it has a line if there was none for a while. */
  judge(record: CommandRecord, now: number): void {
    if (record.isCounted || now - record.arrived < this.threshold) return;
    record.isCounted = true;
    if (now - this.#toldAt < SILENCE) {
      this.#untold++;
      return;
    }
    record.others = this.#untold;
    this.#toldAt = now;
    this.#untold = 0;
  }

  /** The answer of a command was taken by the network as a whole, or never will be. */
  sent(session: Session, record: CommandRecord, now: number, isLost: boolean): void {
    this.judge(record, now);
    if (record.others === undefined) return;
    const until = isLost ? " until the connection ended" : "";
    const send = `send ${whole(now - record.left)}${until}`;
    tell(session, record, `took ${seconds(now - record.arrived)} (${stagesOf(record)}, ${send})`);
  }

  /** Tells of a command that has no answer. */
  #tellNow(task: Task, now: number, stage: Stage | undefined, what: string): void {
    const record = this.#record;
    record.read(task, now, stage);
    this.judge(record, now);
    if (record.others === undefined) return;
    tell(
      task.session,
      record,
      `${what} after ${seconds(now - record.arrived)} (${stagesOf(record)})`,
    );
  }

  /** Whether a listed command is slow, and was not counted before. */
  #isSlow({ arrived, times }: Task, now: number): boolean {
    return now - arrived >= this.threshold && times !== undefined;
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
  const more = others === 0 ? "" : `, as ${others} ${others === 1 ? "other" : "others"} before`;
  session.report(
    "warning",
    `slow command: ${operation?.name ?? "unknown operation"} ${what}${more}`,
    record,
  );
}
