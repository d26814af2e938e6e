/**
 * Measures how long commands take, from the receive call that brought them until their answers are
 * handed to the network. Most of them end in the turn in which they came: for all of those together the
 * clock is looked at twice.
 */
import { ABORTED, CommandFigures, endOf, Ways } from "../scst/command_figures.ts";
import { Status } from "../scsi/status.ts";
import { SlowCommands } from "./slow_commands.ts";
import type { Task } from "./task.ts";

export class Tally {
  /** When the bytes came that are handled now, by performance.now(). */
  arrived = performance.now();
  readonly slow = new SlowCommands();
  #unsettled: CommandFigures[] = [];

  /** Bytes are about to be handled that came at `arrived`. */
  begin(arrived: number): void {
    this.settle();
    this.arrived = arrived;
  }

  /** A command has its answer, which is in the output. */
  answered(task: Task): void {
    const { unit, status } = task;
    if (unit === undefined) return;
    const figures = unit.figures ??= new CommandFigures();
    let way: number = Ways.NONE;
    let bytes = 0;
    if (task.expectedOut > 0) {
      way = Ways.WRITE;
      bytes = Math.min(task.wantedOut, task.expectedOut);
    } else if (task.expectedIn > 0) {
      way = Ways.READ;
      bytes = Math.min(task.availableIn, task.expectedIn);
    }
    if (status !== Status.GOOD && status !== Status.CONDITION_MET) {
      figures.fail(endOf(status, task.sense));
      bytes = 0;
    }
    if (task.listed) {
      const now = performance.now();
      figures.took(way, bytes, microseconds(now - task.arrived));
      return this.slow.answered(task, now);
    }
    if (!figures.isUnsettled) this.#unsettled.push(figures);
    figures.count(way, bytes);
  }

  /** A command has ended without an answer. */
  aborted(task: Task): void {
    const { unit, listed } = task;
    if (unit !== undefined) (unit.figures ??= new CommandFigures()).fail(ABORTED);
    if (listed) this.slow.aborted(task, performance.now());
  }

  /** The answers that there are by now are handed over. */
  settle(): void {
    if (this.#unsettled.length > 0) this.settleAt(performance.now());
  }

  /** The same where the time is known. */
  settleAt(now: number): void {
    const unsettled = this.#unsettled;
    if (unsettled.length === 0) return;
    const took = microseconds(now - this.arrived);
    for (let index = 0; index < unsettled.length; index++) unsettled[index]!.settle(took);
    unsettled.length = 0;
  }
}

/** Whole microseconds of a time in milliseconds. */
function microseconds(milliseconds: number): number {
  return Math.max(0, Math.trunc(milliseconds * 1000));
}
