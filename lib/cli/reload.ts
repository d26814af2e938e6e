/** A configuration that has changed, and the server that goes on: on SIGHUP, and for `scst reload`. */
import type { Administration } from "../admin/administration.ts";
import { joined } from "../admin/apply.ts";
import type { AppliedStep, Reloaded } from "../admin/control/config_routes.ts";
import { ConfigError } from "../config/problem.ts";
import { log } from "../log.ts";
import type { ServerModel } from "../scst/model.ts";
import { reportFailure } from "./failure.ts";

/** Reads the configuration anew, to be applied to what is served now; rejects with a ConfigError. */
export type ReadAgain = (now: ServerModel) => Promise<ServerModel>;

export class Reloader {
  #administration: Administration;
  #read: ReadAgain;
  /** What the configuration said when it was applied last. */
  #said: ServerModel;
  #last: Promise<unknown> = Promise.resolve();
  #next: Promise<Reloaded> | undefined = undefined;

  /** `said` is applied already. */
  constructor(administration: Administration, said: ServerModel, read: ReadAgain) {
    this.#administration = administration;
    this.#said = said;
    this.#read = read;
  }

  /**
   * Reads the configuration and applies what differs, now or when that is done once more. The log says
   * that it is because of `cause`.
   */
  reload(cause: string): Promise<Reloaded> {
    // Whoever asks while one waits for its turn wants the same.
    if (this.#next !== undefined) return this.#next;
    const next = this.#last.then(() => {
      this.#next = undefined;
      return this.#reload(cause);
    });
    this.#next = next;
    this.#last = next.catch(() => {}); // whoever asked has it
    return next;
  }

  async #reload(cause: string): Promise<Reloaded> {
    log("info", `${cause}: reading the configuration again`);
    let said: ServerModel;
    try {
      said = await this.#read(this.#administration.model);
    } catch (error) {
      reportFailure(error);
      log("warning", "the configuration is not applied: everything stays as it is");
      const problem = error instanceof Error ? error.message : String(error);
      return { problems: error instanceof ConfigError ? error.problems : [problem] };
    }
    const steps: AppliedStep[] = [];
    await this.#administration.apply(
      (now) => joined(said, now, this.#said),
      ({ what }, refusal) => {
        steps.push(refusal === undefined ? { what } : { what, error: refusal.message });
        if (refusal === undefined) log("info", `done: ${what}`);
        else log("error", `cannot ${what}: ${refusal.message}`);
      },
    );
    this.#said = said;
    if (steps.length === 0) log("info", "the configuration has not changed");
    return { steps };
  }
}
