/**
 * Tells of commands that take long, and where their time went. Those that end in the turn in which they
 * came are none: what they take is a matter of the loop.
 */
import { Stage } from "../scsi/stage.ts";
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

  /** A listed command has its answer, or was aborted. It is told of once. */
  ended(task: Task, now: number, isAborted: boolean): void {
    const took = now - task.arrived;
    if (took < this.threshold || task.times === undefined) return;
    const line = describe(task, now, isAborted);
    task.times = undefined;
    if (now - this.#toldAt < SILENCE) {
      this.#untold++;
      return;
    }
    const others = this.#untold === 0 ? "" : `, as ${this.#untold} others before`;
    this.#toldAt = now;
    this.#untold = 0;
    task.session.report("warning", `${line}${others}`, task);
  }
}

/** Times in milliseconds: for its data, for its turn, in the store; and what is to be sent first. */
function describe({ arrived, times, operation, session }: Task, now: number, isAborted: boolean) {
  const { begun } = times!;
  // What was begun in the turn in which it came has no time of its own, unless all is measured.
  const turn = begun[Stage.TURN]! || arrived;
  const store = Math.max(begun[Stage.STORE]!, turn);
  const took = ((now - arrived) / 1000).toFixed(2);
  const name = operation?.name ?? "unknown operation";
  const spans = { data: turn - arrived, queue: store - turn, store: now - store };
  const parts = Object.entries(spans)
    .map(([stage, span]) => `${stage} ${Math.max(0, span).toFixed(0)} ms`);
  const what = isAborted ? `${name} was aborted after ${took} s` : `${name} took ${took} s`;
  return `slow command: ${what} (${parts.join(", ")}, ${session.output.length} bytes to be sent)`;
}
