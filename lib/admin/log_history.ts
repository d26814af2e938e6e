/** The last warnings and errors of the log, for those who did not see it. */
import type { Level } from "../log.ts";

/** Lines that are kept, and characters of each. */
const MOST_LINES = 50;
const MOST_CHARACTERS = 500;

export interface LogLine {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly level: Level;
  readonly message: string;
}

export class LogHistory {
  readonly #now: () => number;
  #lines: LogLine[] = [];

  /** `now`: milliseconds since 1970. */
  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  /** The oldest first. */
  get lines(): readonly LogLine[] {
    return this.#lines;
  }

  /** Keeps a line of the log if somebody should do something about it. */
  note(level: Level, line: string): void {
    if (level !== "warning" && level !== "error") return;
    if (this.#lines.length === MOST_LINES) this.#lines.shift();
    this.#lines.push({ at: this.#now(), level, message: line.slice(0, MOST_CHARACTERS) });
  }
}
