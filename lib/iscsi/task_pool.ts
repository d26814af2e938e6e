/** The tasks of a session, each of which serves one command after the other. */
import { IoVector } from "../../ffi/iovec.ts";
import type { Session } from "./session.ts";
import { Task } from "./task.ts";

export class TaskPool {
  /** The one that was answered last; it is not lent again before another one was. */
  answered: Task | undefined = undefined;
  #session: Session;
  #free: Task[] = [];
  #iov = new IoVector();

  constructor(session: Session) {
    this.#session = session;
  }

  /** Lends a task for a command. */
  take(): Task {
    const task = this.#free.pop() ?? new Task(this.#session, this.#iov);
    task.renew();
    return task;
  }

  /** Takes one back that has ended. */
  give(task: Task): void {
    if (!task.isAnswered) {
      this.#free.push(task);
      return;
    }
    const before = this.answered;
    this.answered = task;
    if (before !== undefined) this.#free.push(before);
  }
}
