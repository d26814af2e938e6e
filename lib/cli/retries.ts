/** Trying again what could not be served at the start. */
import type { Administration } from "../admin/administration.ts";
import { log } from "../log.ts";
import { reportFailure } from "./failure.ts";

/**
 * Milliseconds from one time to the next: soon in the first seconds, as a server that was killed has its
 * files until it is gone, and then every twentieth of those times.
 */
const SOON = 500;
const SOON_TIMES = 20;

export class Retries {
  readonly #administration: Pick<Administration, "retry">;
  readonly #timer: ReturnType<typeof setInterval>;
  #times = 0;
  #isTrying = false;

  /** `soon`: milliseconds from one time to the next at first. */
  constructor(administration: Pick<Administration, "retry">, soon = SOON) {
    this.#administration = administration;
    this.#timer = setInterval(() => this.#next(), soon);
  }

  /** Tries nothing any more. */
  stop(): void {
    clearInterval(this.#timer);
  }

  #next(): void {
    this.#times++;
    if (this.#isTrying || this.#times > SOON_TIMES && this.#times % SOON_TIMES > 0) return;
    this.#isTrying = true;
    this.#administration.retry((what) => log("info", `${what} can be used now`))
      .catch(reportFailure)
      .finally(() => this.#isTrying = false);
  }
}
