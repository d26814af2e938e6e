/** A configuration that has changed, and the server that goes on: on SIGHUP. */
import type { Administration } from "../admin/administration.ts";
import { joined } from "../admin/apply.ts";
import { log } from "../log.ts";
import type { ServerModel } from "../scst/model.ts";
import { reportFailure } from "./failure.ts";

export class Reloader {
  #administration: Administration;
  #read: () => ServerModel;
  /** What the configuration said when it was applied last. */
  #said: ServerModel;
  #isBusy = false;
  #again = false;

  /** `said` is applied already; `read` reads the configuration anew, and throws ConfigError. */
  constructor(administration: Administration, said: ServerModel, read: () => ServerModel) {
    this.#administration = administration;
    this.#said = said;
    this.#read = read;
  }

  /** Reads the configuration and applies what differs, now or when that is done once more. */
  async reload(): Promise<void> {
    this.#again = true;
    if (this.#isBusy) return;
    this.#isBusy = true;
    while (this.#again) {
      this.#again = false;
      await this.#reload();
    }
    this.#isBusy = false;
  }

  async #reload(): Promise<void> {
    log("info", "SIGHUP: reading the configuration again");
    const said = this.#tryToRead();
    if (said === undefined) return;
    let steps = 0;
    await this.#administration.apply((now) => joined(said, now, this.#said), (step, refusal) => {
      steps++;
      if (refusal === undefined) log("info", `done: ${step.what}`);
      else log("error", `cannot ${step.what}: ${refusal.message}`);
    });
    this.#said = said;
    if (steps === 0) log("info", "the configuration has not changed");
  }

  #tryToRead(): ServerModel | undefined {
    try {
      return this.#read();
    } catch (error) {
      reportFailure(error);
      log("warning", "the configuration is not applied: everything stays as it is");
      return undefined;
    }
  }
}
