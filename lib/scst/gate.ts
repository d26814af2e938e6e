/**
 * The gate of a device, at which commands wait that have their data and their turn, while an
 * administrator has execution stand still (SCST's `suspend` and `block`). What is being executed when
 * it is shut goes on to its end; a copy stops before its next piece.
 */
import type { CoreCommand } from "./operation.ts";

/** A copy that has stopped: on behalf of whom, and how it goes on. */
interface Parked {
  readonly owner: { readonly aborted: boolean };
  readonly goOn: () => void;
}

export class Gate {
  /** Whether commands have to wait. Asked once for each command, which is why it is a field. */
  isShut = false;
  #times = 0;
  /** In the order in which they came; there may be as many as all sessions may have under way. */
  #waiting = new Set<CoreCommand>();
  #parked: Parked[] = [];
  #run: (command: CoreCommand) => void;

  /** `run` executes a command that has waited, or has it wait for something else. */
  constructor(run: (command: CoreCommand) => void) {
    this.#run = run;
  }

  /** Shuts it once more; it opens when it has been opened as often. */
  shut(): void {
    this.#times++;
    this.isShut = true;
  }

  /** Takes back one shut(); behind the last one everything goes on that has waited. */
  open(): void {
    this.#times--;
    if (this.#times > 0) return;
    this.isShut = false;
    this.#letThrough();
  }

  /** Has a command wait. */
  hold(command: CoreCommand): void {
    this.#waiting.add(command);
  }

  /**
   * Has a copy wait before its next piece. Those whose owner is gone end when the next one comes, so
   * that nobody can pile them up.
   */
  park(owner: Parked["owner"], goOn: () => void): void {
    const ended = this.#parked.filter((job) => job.owner.aborted);
    this.#parked = this.#parked.filter((job) => !job.owner.aborted);
    this.#parked.push({ owner, goOn });
    for (const job of ended) job.goOn();
  }

  /** Whether a command waits here, or the copy that it has asked for. */
  holds(command: CoreCommand): boolean {
    return this.#waiting.has(command) || this.isParked(command);
  }

  /** Whether the copy that a command has asked for waits here. */
  isParked(command: CoreCommand): boolean {
    return this.#parked.some(({ owner }) => owner === command);
  }

  /** Forgets a waiting command that was aborted; tells whether it waited. */
  forget(command: CoreCommand): boolean {
    return this.#waiting.delete(command);
  }

  #letThrough(): void {
    // What becomes of a command may abort others that wait. An aborted one takes itself out with
    // forget(), and is not to run until then.
    for (const command of this.#waiting) {
      if (this.isShut) return;
      if (command.aborted) continue;
      this.#waiting.delete(command);
      this.#run(command);
    }
    while (!this.isShut) {
      const job = this.#parked.shift();
      if (job === undefined) return;
      job.goOn();
    }
  }
}
