/** Bounds what strangers can make the program write into its log. */
import type { Level } from "../log.ts";
import type { Report } from "../iscsi/node.ts";

/** Lines of one level in a second; what comes beyond is counted and summed up in one line. */
const LINES_MOST = 200;

export class LogLimit {
  #write: Report;
  #second = 0;
  #lines = new Map<Level, number>();

  constructor(write: Report) {
    this.#write = write;
  }

  /**
   * Writes a line if there is room for its level in this second, so that a flood of logins does not
   * hide a warning. Debug lines are not written.
   */
  report: Report = (level, line) => {
    if (level === "debug") return;
    const second = Math.floor(performance.now() / 1000);
    if (second !== this.#second) this.#beginSecond(second);
    const lines = (this.#lines.get(level) ?? 0) + 1;
    this.#lines.set(level, lines);
    if (lines <= LINES_MOST) this.#write(level, line);
  };

  #beginSecond(second: number): void {
    this.#second = second;
    for (const [level, lines] of this.#lines) {
      const dropped = lines - LINES_MOST;
      if (dropped > 0) this.#write("warning", `${dropped} ${level} lines of the log were dropped`);
    }
    this.#lines.clear();
  }
}
