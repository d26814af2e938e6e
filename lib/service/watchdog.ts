/**
 * The service manager's watchdog (sd_watchdog_enabled(3)). It is fed as long as the data loop turns: a
 * process whose loop is stuck serves nobody, however lively the rest of it is, and has to be replaced.
 */

/** How often to feed in the time after which the watchdog acts. */
const FEEDS = 4;

/**
 * Milliseconds from one feeding to the next, or undefined where no watchdog waits for the process `pid`
 * with the environment `env`.
 */
export function watchdogInterval(
  env: (name: string) => string | undefined,
  pid: number,
): number | undefined {
  const microseconds = Number(env("WATCHDOG_USEC"));
  if (!Number.isSafeInteger(microseconds) || microseconds <= 0) return undefined;
  const watched = env("WATCHDOG_PID");
  if (watched && watched !== String(pid)) return undefined;
  return Math.max(1, Math.floor(microseconds / 1000 / FEEDS));
}

/** What a watchdog looks at, and what it does. */
export interface Watched {
  /** A number that is another one when the loop has turned. */
  readonly turns: () => number;
  readonly feed: () => void;
  readonly warn: (line: string) => void;
}

export class Watchdog {
  readonly #watched: Watched;
  #seen: number;
  #missed = 0;

  constructor(watched: Watched) {
    this.#watched = watched;
    this.#seen = watched.turns();
  }

  /** Feeds if the loop has turned since the last look. */
  look(): void {
    const turns = this.#watched.turns();
    if (turns !== this.#seen) {
      this.#seen = turns;
      this.#missed = 0;
      return this.#watched.feed();
    }
    if (++this.#missed > 1) return;
    this.#watched.warn("The data loop is stuck: the watchdog is not fed until it turns again");
  }
}
