/**
 * What is known of the answers of a session that the network has not taken: since when there are any, and
 * of which commands, as far as those may be slow by that. A turn that leaves something unsent has its last
 * answer noted: it waits longest, and stands for the others. So a command costs nothing.
 */
import { CommandRecord } from "./command_record.ts";
import type { Session } from "./session.ts";
import type { Task } from "./task.ts";

/** Those that are noted: the one that is sent next, and the newest. */
const NOTED_MOST = 2;

export class UnsentAnswers {
  #session: Session;
  #waiting: CommandRecord[] = [];
  #spare: CommandRecord[] = [];
  /** When it began that there are any, by performance.now(); 0 while there are none. */
  #since = 0;
  #waited = 0;

  constructor(session: Session) {
    this.#session = session;
  }

  /** Milliseconds in which there were any. */
  waited(now: number): number {
    return this.#waited + (this.#since === 0 ? 0 : now - this.#since);
  }

  /** A turn ends that leaves something unsent; `task` has ended last. */
  note(task: Task | undefined): void {
    const { output, node: { tally } } = this.#session;
    const now = performance.now();
    if (this.#since === 0) this.#since = now;
    if (task === undefined || !(task.answerEnd > output.sent)) return;
    if (tally.slow.threshold === Infinity || isCounted(task)) return;
    const last = this.#waiting.at(-1);
    if (last?.answerEnd === task.answerEnd) return;
    const takesPlace = last?.others === undefined && this.#waiting.length >= NOTED_MOST;
    (takesPlace ? last! : this.#add()).read(task, now);
  }

  /** A command was found to be slow when it was answered; if it has a line, that is when it is sent. */
  keep(task: Task, now: number): void {
    const record = this.#add();
    record.read(task, now);
    this.#session.node.tally.slow.judge(record, now);
    if (record.others === undefined) this.#spare.push(this.#waiting.pop()!);
  }

  /** Counts those that are slow by now. */
  judge(now: number): void {
    const { slow } = this.#session.node.tally;
    for (const record of this.#waiting) slow.judge(record, now);
  }

  /** The network has taken some of the output. */
  progress(): void {
    const { output: { sent, length }, node: { tally } } = this.#session;
    if (length === 0 && this.#since !== 0) {
      this.#waited = this.waited(performance.now());
      this.#since = 0;
    }
    while (this.#waiting.length > 0 && this.#waiting[0]!.answerEnd <= sent) {
      const record = this.#waiting.shift()!;
      tally.slow.sent(this.#session, record, performance.now(), false);
      this.#spare.push(record);
    }
  }

  /** What waits will never be sent. */
  lose(): void {
    const now = performance.now();
    this.#waited = this.waited(now);
    this.#since = 0;
    const { slow } = this.#session.node.tally;
    for (const record of this.#waiting) slow.sent(this.#session, record, now, true);
    this.#waiting.length = 0;
  }

  #add(): CommandRecord {
    const record = this.#spare.pop() ?? new CommandRecord();
    this.#waiting.push(record);
    return record;
  }
}

/** Whether a command was found slow before its answer was sent, or is not watched at all. */
function isCounted({ listed, times }: Task): boolean {
  return listed && times === undefined;
}
