/**
 * What a connection may hold for data that its commands read: on its way from the store, or waiting
 * to be sent. A command that has no room waits in line without memory, and the connection goes on to
 * hear what comes behind it: a NOP, the task management function that aborts it.
 */
import { blockLengthOf } from "../../ffi/memory.ts";
import { runCommand } from "../scst/execute.ts";
import { OUTPUT_MOST, READ_MEMORY_MOST, type Turn } from "./limits.ts";
import type { Output } from "./output.ts";
import type { Task } from "./task.ts";

export class ReadMemory {
  #output: Output;
  #claimed = 0;
  #waiting: Task[] = [];
  /** Whose turn it is, while it runs. */
  #turn: Task | undefined = undefined;
  #wake: () => void;

  /** `wake` is called when there is room again without anything to send: resume() is to follow. */
  constructor(output: Output, wake: () => void) {
    this.#output = output;
    this.#wake = wake;
  }

  /** Counts what waits in another output from now on; what runs keeps what it has claimed. */
  useOutput(output: Output): void {
    this.#output = output;
  }

  /** Gives a task room for `size` bytes, or puts it in line and has it run once more in its turn. */
  claim(task: Task, size: number): boolean {
    const bytes = blockLengthOf(size);
    const isTurn = task === this.#turn;
    if ((isTurn || this.#waiting.length === 0) && this.#fits(bytes)) {
      this.#claimed += bytes;
      task.claimed = bytes;
      return true;
    }
    task.wanted = bytes;
    if (isTurn) this.#waiting.unshift(task);
    else this.#waiting.push(task);
    return false;
  }

  /** Takes back what a task had; what it has put out is counted with the output. */
  release(task: Task): void {
    if (task.claimed === 0) return;
    this.#claimed -= task.claimed;
    task.claimed = 0;
    if (this.#waiting.length > 0 && this.#turn === undefined) this.#wake();
  }

  /** Takes a task that was aborted out of the line; tells whether it waited there. */
  forget(task: Task): boolean {
    const index = this.#waiting.indexOf(task);
    if (index < 0) return false;
    this.#waiting.splice(index, 1);
    if (index === 0) this.#wake(); // the next one may want less
    return true;
  }

  /** Whether a task waits in the line. */
  isWaiting(task: Task): boolean {
    return this.#waiting.includes(task);
  }

  /** Whether resume() would run a command. */
  get canResume(): boolean {
    const [first] = this.#waiting;
    return first !== undefined && this.#fits(first.wanted);
  }

  /** Runs those in line for whom there is room now, as far as the turn goes and not much waits to be sent. */
  resume(turn: Turn): void {
    const most = this.#output.length + turn.output;
    while (this.canResume && this.#output.length < most) {
      const task = this.#waiting.shift()!;
      this.#turn = task;
      runCommand(task);
      this.#turn = undefined;
    }
  }

  #fits(bytes: number): boolean {
    const { length, held } = this.#output;
    if (this.#claimed === 0 && length === 0) return true;
    return length < OUTPUT_MOST && this.#claimed + held + bytes <= READ_MEMORY_MOST;
  }
}
