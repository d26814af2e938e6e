/**
 * What a session may hold for data that it has been asked to send. A write whose turn has not come
 * keeps its unsolicited data only, and gets its R2T when others have ended. Memory goes to writes
 * only that their task set lets run: if those that wait for another one had it all, that one might
 * never get its own.
 */
import { WRITE_MEMORY_MOST } from "./limits.ts";
import type { Task } from "./task.ts";

export class WriteMemory {
  #granted = 0;
  #waiting: Task[] = [];

  /** Grants a task the memory for all its data; if that is not possible now, it is put in line. */
  grant(task: Task): boolean {
    const first = this.next;
    const fits = this.#granted === 0 || this.#granted + task.capacity <= WRITE_MEMORY_MOST;
    if (!task.enabled || !fits || first !== undefined && first !== task) {
      if (!this.#waiting.includes(task)) this.#waiting.push(task);
      return false;
    }
    if (first === task) this.#waiting.splice(this.#waiting.indexOf(task), 1);
    this.#granted += task.capacity;
    task.granted = task.capacity;
    return true;
  }

  /** Takes back what a task had, or its place in the line. */
  release(task: Task): void {
    this.#granted -= task.granted;
    task.granted = 0;
    if (this.#waiting.length === 0) return;
    const index = this.#waiting.indexOf(task);
    if (index >= 0) this.#waiting.splice(index, 1);
  }

  /** The task that is next in line. It is asked for at the end of every command. */
  get next(): Task | undefined {
    for (let index = 0; index < this.#waiting.length; index++) {
      const task = this.#waiting[index]!;
      if (task.enabled) return task;
    }
    return undefined;
  }
}
