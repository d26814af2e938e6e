/** The task set of a logical unit for one I_T nexus (SAM-5 8; TST 001b): who may run, and who waits. */
import type { Command, CommandOwner } from "../scsi/command.ts";
import { Attribute } from "../scsi/status.ts";
import type { CoreCommand } from "./operation.ts";

export class TaskSet implements CommandOwner {
  #running = 0;
  #orderedRuns = false;
  #waiting: CoreCommand[] = [];
  #run: (command: CoreCommand) => void;

  /** `run` executes a command that had to wait and may run now. */
  constructor(run: (command: CoreCommand) => void) {
    this.#run = run;
  }

  /** Takes a command in; `command.enabled` tells whether it may run at once (SAM-5 8.5). */
  enter(command: CoreCommand): void {
    const { attribute } = command;
    if (attribute === Attribute.HEAD_OF_QUEUE) return this.#enable(command);
    const mayRun = attribute === Attribute.ORDERED
      ? this.#running === 0 && this.#waiting.length === 0
      : !this.#orderedRuns && this.#waiting.length === 0;
    if (mayRun) return this.#enable(command);
    command.owner = this;
    this.#waiting.push(command);
  }

  /** A command has ended, however it did. */
  leave(command: Command): void {
    if (!command.enabled) {
      const index = this.#waiting.indexOf(command as CoreCommand);
      if (index >= 0) this.#waiting.splice(index, 1);
    } else {
      this.#running--;
      if (command.attribute === Attribute.ORDERED) this.#orderedRuns = false;
    }
    if (this.#waiting.length > 0) this.#admitWaiting();
  }

  #enable(command: CoreCommand): void {
    command.enabled = true;
    command.owner = this;
    this.#running++;
    if (command.attribute === Attribute.ORDERED) this.#orderedRuns = true;
  }

  #admitWaiting(): void {
    for (;;) {
      const next = this.#waiting[0];
      // An aborted one is about to leave by itself, and others wait for that.
      if (next === undefined || next.aborted || this.#orderedRuns) return;
      if (next.attribute === Attribute.ORDERED && this.#running > 0) return;
      this.#waiting.shift();
      this.#enable(next);
      // It may end, and call leave(), before this returns.
      if (next.ready) this.#run(next);
      else next.wasEnabled();
    }
  }
}
