/**
 * A task set (SAM-5 8): who may run, and who waits. Each I_T nexus of a logical unit has one of its
 * own (TST 001b), or all of them share one (TST 000b). While an auto contingent allegiance condition
 * lasts nothing begins in it but what the rules in aca.ts let in.
 */
import type { Command, CommandOwner } from "../scsi/command.ts";
import { Attribute, Status } from "../scsi/status.ts";
import type { LogicalUnit } from "./logical_unit.ts";
import type { CoreCommand } from "./operation.ts";

export class TaskSet implements CommandOwner {
  #running = 0;
  #orderedRuns = false;
  /** undefined until somebody has to wait. */
  #waiting: CoreCommand[] | undefined = undefined;
  /** The unit whose command has established an ACA condition that lasts. */
  #faulted: LogicalUnit | undefined = undefined;
  /** Commands that run in spite of it. */
  #exempt = new Set<Command>();
  #run: (command: CoreCommand) => void;
  #failed: (command: CoreCommand) => void;

  /**
   * `run` executes a command that had to wait and may run now; `failed` hears of every command that
   * has left with CHECK CONDITION, before anybody who waited for it goes on.
   */
  constructor(run: (command: CoreCommand) => void, failed: (command: CoreCommand) => void) {
    this.#run = run;
    this.#failed = failed;
  }

  /** The unit whose nexus is the faulted one of an ACA condition; undefined when there is none. */
  get faulted(): LogicalUnit | undefined {
    return this.#faulted;
  }

  /** Whether a command with the ACA attribute is in the set. */
  get hasAcaCommand(): boolean {
    for (const { attribute } of this.#exempt) if (attribute === Attribute.ACA) return true;
    return false;
  }

  /** Takes a command in; `command.enabled` tells whether it may run at once (SAM-5 8.5). */
  enter(command: CoreCommand): void {
    const { attribute, unit } = command;
    if (unit !== undefined) unit.commands++;
    if (this.#faulted !== undefined) return this.#exemptFromAca(command);
    if (attribute === Attribute.HEAD_OF_QUEUE) return this.#enable(command);
    const mayRun = attribute === Attribute.ORDERED
      ? this.#running === 0 && !this.#hasWaiting
      : !this.#orderedRuns && !this.#hasWaiting;
    if (mayRun) return this.#enable(command);
    command.owner = this;
    this.#waiting ??= [];
    this.#waiting.push(command);
  }

  get #hasWaiting(): boolean {
    return this.#waiting !== undefined && this.#waiting.length > 0;
  }

  /** A command has ended, however it did. */
  leave(command: Command): void {
    const { unit } = command as CoreCommand;
    if (unit !== undefined) unit.commands--;
    if (command.enabled) this.#disable(command);
    else {
      const index = this.#waiting?.indexOf(command as CoreCommand) ?? -1;
      if (index >= 0) this.#waiting!.splice(index, 1);
    }
    if (command.status === Status.CHECK_CONDITION && !command.aborted) {
      this.#failed(command as CoreCommand);
    }
    if (this.#hasWaiting) this.#admitWaiting();
  }

  /** Establishes an ACA condition for the nexus of `unit` (SAM-5 5.9.2). */
  establishAca(unit: LogicalUnit): void {
    this.#faulted = unit;
  }

  /** Clears the ACA condition: what it has held back goes on. */
  clearAca(): void {
    if (this.#faulted === undefined) return;
    this.#faulted = undefined;
    this.#exempt.clear();
    this.#admitWaiting();
  }

  /**
   * Whether a command that was about to run is held back by an ACA condition (SAM-5 8.6, the blocked
   * command state); then it runs when that is cleared.
   */
  suspends(command: CoreCommand): boolean {
    if (this.#faulted === undefined || this.#exempt.has(command)) return false;
    this.#disable(command);
    command.enabled = false;
    this.#waiting ??= [];
    this.#waiting.unshift(command);
    return true;
  }

  #enable(command: CoreCommand): void {
    command.enabled = true;
    command.owner = this;
    this.#running++;
    if (command.attribute === Attribute.ORDERED) this.#orderedRuns = true;
  }

  #disable(command: Command): void {
    this.#running--;
    if (command.attribute === Attribute.ORDERED) this.#orderedRuns = false;
    if (this.#faulted !== undefined) this.#exempt.delete(command);
  }

  #exemptFromAca(command: CoreCommand): void {
    this.#exempt.add(command);
    this.#enable(command);
  }

  #admitWaiting(): void {
    for (;;) {
      const next = this.#waiting?.[0];
      // An aborted one is about to leave by itself, and others wait for that.
      if (next === undefined || next.aborted || this.#orderedRuns) return;
      if (this.#faulted !== undefined) return;
      if (next.attribute === Attribute.ORDERED && this.#running > 0) return;
      this.#waiting!.shift();
      this.#enable(next);
      // It may end, and call leave(), before this returns.
      if (next.ready) this.#run(next);
      else next.wasEnabled();
    }
  }
}
