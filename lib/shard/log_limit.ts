/** Bounds what strangers can make the program write into its log. */
import type { Report } from "../iscsi/node.ts";

/** Lines in a second; what comes beyond is counted and summed up in one line. */
const LINES_MOST = 200;

export class LogLimit {
  #write: Report;
  #second = 0;
  #lines = 0;

  constructor(write: Report) {
    this.#write = write;
  }

  /** Writes a line if there is room for it in this second. Debug lines are not written. */
  report: Report = (level, line) => {
    if (level === "debug") return;
    const second = Math.floor(performance.now() / 1000);
    if (second !== this.#second) {
      const dropped = this.#lines - LINES_MOST;
      if (dropped > 0) this.#write("warning", `${dropped} lines of the log were dropped`);
      this.#second = second;
      this.#lines = 0;
    }
    if (this.#lines++ < LINES_MOST) this.#write(level, line);
  };
}
