/**
 * Tells of the oldest command of a session while it has no answer, to the log and to the disk that works on
 * it: one that never ends would not be told of by its end, and not all initiators give up.
 */
import { Stage } from "../scsi/stage.ts";
import type { Session } from "./session.ts";
import type { Task } from "./task.ts";

/** Milliseconds without an answer after which the end is not waited for any more. */
const LATE = 5000;

/** Milliseconds until a command is told of again. */
const REPEAT = 60_000;

export class LateAnswer {
  #session: Session;
  /** What was told of last, when that came (tasks serve again and again), and when it was told. */
  #task: Task | undefined = undefined;
  #arrived = 0;
  #toldAt = 0;

  constructor(session: Session) {
    this.#session = session;
  }

  /** Looks once. */
  look(): void {
    const task = this.#oldest();
    if (task === undefined) return;
    const now = performance.now();
    const { operation, unit, arrived, stage } = task;
    if (operation !== undefined && stage === Stage.STORE) {
      unit?.disk.unanswered.note(operation.name, arrived, now);
    }
    const { slow } = this.#session.node.tally;
    if (now - arrived < Math.max(LATE, slow.threshold)) return;
    const isKnown = task === this.#task && arrived === this.#arrived;
    if (isKnown && now - this.#toldAt < REPEAT) return;
    this.#task = task;
    this.#arrived = arrived;
    this.#toldAt = now;
    slow.late(task, now);
  }

  /** Those that a black hole has are not to be answered. */
  #oldest(): Task | undefined {
    for (const task of this.#session.tasks.values()) if (!task.isSwallowed) return task;
    return undefined;
  }
}
