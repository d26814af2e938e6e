/**
 * The administration of a running server: it owns the model, and every change of it goes through here,
 * whatever door it came in by. One change is made at a time.
 */
import { log } from "../log.ts";
import type { DeviceModel, LunModel, ServerModel } from "../scst/model.ts";
import type { Direction, Engine, LunChangeOptions, Outcome, SessionState } from "./engine.ts";
import { named } from "./named.ts";
import { Numbers } from "./numbers.ts";
import { type Step, stepsBetween } from "./steps.ts";
import { TreeError } from "./tree.ts";

/** Attributes that a device has for its life: with another value it is another device. */
const LASTING = [
  "handler",
  "blocksize",
  "readOnly",
  "thinProvisioned",
  "rotational",
  "removable",
  "nvCache",
  "tst",
] as const satisfies readonly (keyof DeviceModel)[];

function mustRemake(before: DeviceModel, after: DeviceModel): boolean {
  return LASTING.some((key) => before[key] !== after[key]);
}

/** Waits for an operation. Rejects with a TreeError where it is refused. */
async function done(outcome: Outcome): Promise<void> {
  const refusal = await outcome;
  if (refusal !== undefined) throw new TreeError(refusal.errno, refusal.message);
}

export class Administration {
  readonly engine: Engine;
  readonly numbers = new Numbers();
  #model: ServerModel;
  /** The last change that is waited for; the next one begins when it has ended. */
  #last: Promise<unknown> = Promise.resolve();

  /** `engine` serves what `model` says. */
  constructor(engine: Engine, model: ServerModel) {
    this.engine = engine;
    this.#model = model;
    this.numbers.follow(model);
  }

  /** What is served now. */
  get model(): ServerModel {
    return this.#model;
  }

  /** Does `work` when everything that was asked for before has ended; rejects as it does. */
  alone<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#last.then(work);
    this.#last = result.catch(() => {});
    return result;
  }

  /**
   * Has the server be as `update` makes the model, which throws a TreeError where that cannot be. When
   * the server refuses a step, those before it stay and it rejects with a TreeError.
   */
  change(update: (model: ServerModel) => ServerModel, options?: LunChangeOptions): Promise<void> {
    return this.alone(async () => {
      const wanted = update(this.#model);
      for (const step of this.plan(wanted, options)) await this.#take(step);
      this.#commit(wanted);
    });
  }

  /** Looks at the size of a device's file again; `text` is "force" where it may become smaller. */
  resyncSize(name: string, text: string): Promise<void> {
    const force = text.trim().toLowerCase() === "force";
    return this.alone(() => done(this.engine.resyncSize(name, force)));
  }

  /** Flushes a device. */
  sync(name: string): Promise<void> {
    return this.alone(() => done(this.engine.syncDevice(name)));
  }

  /** Writes the reservations of a device to the log. */
  async dumpReservations(name: string): Promise<void> {
    const lines = (await this.engine.reservations(name)).trimEnd().split("\n");
    for (const line of lines) log("info", `reservations of device ${name}: ${line}`);
  }

  /** The sessions of a target. */
  sessionsOf(target: string): SessionState[] {
    return Array.from(this.engine.sessions).filter((session) => session.target === target);
  }

  /** The LUNs of a target, or of one of its groups. */
  lunsOf(target: string, group: string | undefined): readonly LunModel[] {
    const found = named(this.#model.targets, target);
    const set = group === undefined ? found : found && named(found.groups, group);
    return set?.luns ?? [];
  }

  /** Sets counters of a session back. */
  resetCounters(sid: string, direction: Direction): Promise<void> {
    return this.alone(() => done(this.engine.resetCounters(sid, direction)));
  }

  /** Ends a session. */
  closeSession(sid: string): Promise<void> {
    return this.alone(() => done(this.engine.closeSession(sid)));
  }

  /** The steps from what is served now to `wanted`. */
  plan(wanted: ServerModel, options?: LunChangeOptions): Step[] {
    return stepsBetween(this.#model, wanted, mustRemake, options);
  }

  async #take(step: Step): Promise<void> {
    await done(step.run(this.engine));
    this.#commit(step.done(this.#model));
  }

  #commit(model: ServerModel): void {
    this.#model = model;
    this.numbers.follow(model);
  }
}
