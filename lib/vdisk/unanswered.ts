/** The command that a disk has been working on for longest, as whoever watches its commands tells of it. */

/** Milliseconds that a command may take before anything is wrong: a flush of much may take some seconds. */
const LONG = 10_000;

/** Milliseconds without news of it after which it has ended. */
const STALE = 2_500;

export interface UnansweredCommand {
  readonly name: string;
  /** Milliseconds since 1970: when it came. */
  readonly at: number;
}

export class Unanswered {
  #name = "";
  #arrived = 0;
  #seen = -Infinity;

  /** A command that came at `arrived` has no answer at `now`, both by performance.now(). Said once a second. */
  note(name: string, arrived: number, now: number): void {
    if (now - arrived < LONG) return;
    if (this.#isStale(now) || arrived < this.#arrived) {
      this.#name = name;
      this.#arrived = arrived;
      this.#seen = now;
    } else if (arrived === this.#arrived) this.#seen = now;
  }

  /** The one that waits for longest, if any waits for long. */
  get longest(): UnansweredCommand | undefined {
    const now = performance.now();
    if (this.#isStale(now)) return undefined;
    return { name: this.#name, at: Date.now() - (now - this.#arrived) };
  }

  #isStale(now: number): boolean {
    return now - this.#seen > STALE;
  }
}
