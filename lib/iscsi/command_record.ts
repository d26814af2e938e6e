/** What is told of a slow command, kept beyond its task, which serves the next one by then. */
import type { Operation } from "../scst/operation.ts";
import { Stage } from "../scsi/stage.ts";
import type { Task } from "./task.ts";

export class CommandRecord {
  operation: Operation | undefined = undefined;
  lun = 0;
  initiatorTaskTag = 0;
  /** By performance.now(): when it came, had its turn, came to the store, and left it. */
  arrived = 0;
  turn = 0;
  store = 0;
  left = 0;
  /** Where its answer ends in the output, by Output.position. */
  answerEnd = 0;
  /** Whether it was found to be slow, and the slow commands that its line speaks for; undefined without one. */
  isCounted = false;
  others: number | undefined = undefined;

  /**
   * Has what is to be told of a task that leaves the store, or has just done so, or, where `stage` says so,
   * has come no further than that by then.
   */
  read(task: Task, left: number, stage: Stage = Stage.STORE): void {
    const { times } = task;
    this.operation = task.operation;
    this.lun = task.lun;
    this.initiatorTaskTag = task.initiatorTaskTag;
    this.arrived = task.listed ? task.arrived : task.session.node.tally.arrived;
    // What was begun in the turn in which it came has no time of its own, unless all is measured.
    this.turn = stage < Stage.TURN ? left : times?.begun[Stage.TURN] || this.arrived;
    this.store = stage < Stage.STORE ? left : Math.max(times?.begun[Stage.STORE] ?? 0, this.turn);
    this.left = left;
    this.answerEnd = task.answerEnd;
    this.isCounted = false;
    this.others = undefined;
  }
}
