/**
 * The administration of a running server: it owns the model, and every change of it goes through here,
 * whatever door it came in by. One change is made at a time.
 */
import { isDeepStrictEqual } from "node:util";
import { Errno } from "../../ffi/errno.ts";
import { log } from "../log.ts";
import type {
  DeviceModel,
  LunModel,
  PortalModel,
  ServerModel,
  TargetGroupChange,
  TargetModel,
} from "../scst/model.ts";
import { lastingAttributeOf } from "../shard/server.ts";
import { closedDevice, isClosed, openedDevice, withEnabled } from "./closed.ts";
import type {
  Direction,
  Engine,
  LunChangeOptions,
  Outcome,
  Refusal,
  SessionView,
} from "./engine.ts";
import { type Failure, Failures } from "./failures.ts";
import { named, withItem } from "./named.ts";
import { Numbers } from "./numbers.ts";
import { presentEngine } from "./present_engine.ts";
import { SessionNames } from "./session_names.ts";
import { type Step, stepsBetween } from "./steps.ts";
import { TreeError } from "./tree.ts";

/** A disk in memory is never made anew, for what is in it: the server refuses what it cannot change. */
function mustRemake(before: DeviceModel, after: DeviceModel): boolean {
  const keeps = before.handler === "vdisk_ram" && after.handler === before.handler;
  return !keeps && lastingAttributeOf(before, after) !== undefined;
}

/** What `update` makes of a model; undefined where it refuses that. */
function updated(
  model: ServerModel,
  update: (model: ServerModel) => ServerModel,
): ServerModel | undefined {
  try {
    return update(model);
  } catch (error) {
    if (error instanceof TreeError) return undefined;
    throw error;
  }
}

/** Waits for an operation. Rejects with a TreeError where it is refused. */
async function done(outcome: Outcome): Promise<void> {
  const refusal = await outcome;
  if (refusal !== undefined) throw new TreeError(refusal.errno, refusal.message);
}

export class Administration {
  readonly engine: Engine;
  readonly numbers = new Numbers();
  readonly sessionNames = new SessionNames();
  #model: ServerModel;
  /** The devices that could not be opened, with the file that could not be. */
  #closed: Failures<string>;
  /** Devices of the model that the server could not take in at all. */
  #missing: Failures;
  /** Targets that are not enabled because the server does not let them be. */
  #disabled: Failures;
  /** The engine for what may refer to them. */
  readonly #present: Engine;
  #portals: Readonly<Record<"real" | "configured", readonly PortalModel[]>> = {
    real: [],
    configured: [],
  };
  #lastResult = 0;
  /** The last change that is waited for; the next one begins when it has ended. */
  #last: Promise<unknown> = Promise.resolve();

  /** `engine` serves what `model` says; `now` is in milliseconds since 1970. */
  constructor(engine: Engine, model: ServerModel, now: () => number = Date.now) {
    this.engine = engine;
    this.#closed = new Failures(now);
    this.#missing = new Failures(now);
    this.#disabled = new Failures(now);
    this.#present = presentEngine(engine, this.#missing);
    this.#model = model;
    this.numbers.follow(model);
  }

  /** What is served now. */
  get model(): ServerModel {
    return this.#model;
  }

  /** Devices and targets that are not served as they are meant; retry() tries them again. */
  get failures(): { readonly devices: readonly Failure[]; readonly targets: readonly Failure[] } {
    return { devices: [...this.#closed, ...this.#missing], targets: [...this.#disabled] };
  }

  /**
   * What is to be saved: what could not be served is wanted all the same, and a portal of any free port
   * is not one of the port that it got.
   */
  get savedModel(): ServerModel {
    const { real, configured } = this.#portals;
    const portals = isDeepStrictEqual(this.#model.portals, real) ? configured : this.#model.portals;
    const devices = this.#model.devices.map((device) => {
      const filename = this.#closed.wanted(device.name);
      return filename === undefined ? device : openedDevice(device, filename);
    });
    const targets = this.#model.targets.map((target) =>
      this.#disabled.has(target.name) ? withEnabled(target, true) : target
    );
    return { ...this.#model, portals, devices, targets };
  }

  /** Does `work` when everything that was asked for before has ended; rejects as it does. */
  alone<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#last.then(work);
    this.#last = result.catch(() => {});
    return result;
  }

  /** Does what was written to the tree, and remembers what became of it. */
  #job(work: () => Promise<void>): Promise<void> {
    return this.#remember(this.alone(work));
  }

  /**
   * Waits for an operation that was written to the tree and is no change of the model: such do not wait for
   * changes, which may take long, nor those for them. Rejects with a TreeError where it is refused.
   */
  atOnce(outcome: Outcome): Promise<void> {
    return this.#remember(done(outcome));
  }

  async #remember(job: Promise<void>): Promise<void> {
    try {
      await job;
      this.#lastResult = 0;
    } catch (error) {
      this.#lastResult = -Errno[error instanceof TreeError ? error.errno : "EIO"];
      throw error;
    }
  }

  /**
   * What has become of the last job that was written to the tree: 0, or an errno below 0. In SCST it is
   * how to learn the result of one that takes too long for its writer; here every writer waits.
   */
  get lastResult(): number {
    return this.#lastResult;
  }

  /**
   * Has the server be as `update` makes the model, which throws a TreeError where that cannot be. When
   * the server refuses a step, those before it stay and it rejects with a TreeError.
   */
  change(update: (model: ServerModel) => ServerModel, options?: LunChangeOptions): Promise<void> {
    return this.#job(async () => {
      const target = update(this.#model);
      const settle = this.#settle(update);
      for (const step of this.plan(target, options)) await this.#take(step);
      this.#commit(target);
      settle();
    });
  }

  /**
   * Has the server be as `update` makes the model, as far as that can be: a step that is refused is
   * reported, and the others are taken. A device that cannot be opened is there without its medium, and a
   * target that cannot be enabled is there without being so.
   */
  apply(
    update: (model: ServerModel) => ServerModel,
    report: (step: Step, refusal: Refusal | undefined) => void,
  ): Promise<void> {
    return this.alone(async () => {
      const target = update(this.#model);
      const settle = this.#settle(update);
      let isComplete = true;
      for (const step of this.plan(target)) {
        const refusal = await this.#try(step);
        report(step, refusal);
        if (refusal !== undefined) isComplete = false;
      }
      if (isComplete) this.#commit(target);
      settle();
    });
  }

  /**
   * Takes note, when what it returns is called, of what was not served and is not to be served any more by
   * `update`: nobody tries that again. It is closed already, so only what `update` would make of it if it
   * were served tells.
   */
  #settle(update: (model: ServerModel) => ServerModel): () => void {
    const wanted = this.#closed.size + this.#disabled.size === 0
      ? undefined
      : updated(this.savedModel, update);
    return () => {
      for (const device of wanted?.devices ?? []) {
        if (isClosed(device)) this.#closed.delete(device.name);
      }
      for (const { name, attributes } of wanted?.targets ?? []) {
        if (!attributes.enabled) this.#disabled.delete(name);
      }
    };
  }

  async #try(step: Step): Promise<Refusal | undefined> {
    const refusal = await step.run(this.#present);
    if (refusal === undefined) {
      this.#commit(step.done(this.#model));
      return undefined;
    }
    const { device, newTarget } = step;
    if (newTarget !== undefined) await this.#addDisabled(newTarget, refusal);
    const isThere = device !== undefined && named(this.#model.devices, device.name) !== undefined;
    if (device === undefined || isThere) return refusal;
    const { filename } = device;
    const closed = closedDevice(device);
    if (filename !== undefined && await this.engine.addDevice(closed) === undefined) {
      this.#closed.note(device.name, refusal.message, filename);
      this.#commit({ ...this.#model, devices: [...this.#model.devices, closed] });
    } else {
      // What refers to it is served without it, and saved with it.
      this.#missing.note(device.name, refusal.message, undefined);
      this.#commit(step.done(this.#model));
    }
    return refusal;
  }

  async #addDisabled(target: TargetModel, { message }: Refusal): Promise<void> {
    const disabled = withEnabled(target, false);
    if (!target.attributes.enabled || await this.#present.setTarget(disabled) !== undefined) return;
    this.#disabled.note(target.name, message, undefined);
    this.#commit({ ...this.#model, targets: [...this.#model.targets, disabled] });
  }

  /** Takes note of the portals that the server listens on, which `configured` asked for. */
  takePortals(real: readonly PortalModel[], configured: readonly PortalModel[]): Promise<void> {
    this.#portals = { real, configured };
    return this.alone(() => Promise.resolve(this.#commit({ ...this.#model, portals: real })));
  }

  /** Tries again what could not be served; `report` hears of what is, as in "device 'disk1'". */
  async retry(report: (what: string) => void): Promise<void> {
    await this.#retryMissing(report);
    for (const name of this.#closed.names) {
      await this.alone(async () => {
        const device = named(this.#model.devices, name);
        const filename = this.#closed.wanted(name);
        if (device === undefined || filename === undefined) return;
        const open = openedDevice(device, filename);
        const refusal = await this.engine.changeDevice(open);
        if (refusal !== undefined) return this.#closed.note(name, refusal.message, filename);
        this.#commit({ ...this.#model, devices: withItem(this.#model.devices, open) });
        report(`device '${name}'`);
      });
    }
    await this.#retryDisabled(report);
  }

  async #retryDisabled(report: (what: string) => void): Promise<void> {
    for (const name of this.#disabled.names) {
      await this.alone(async () => {
        const target = named(this.#model.targets, name);
        if (target === undefined || !this.#disabled.has(name)) return;
        const enabled = withEnabled(target, true);
        const refusal = await this.#present.setTarget(enabled);
        if (refusal !== undefined) return this.#disabled.note(name, refusal.message, undefined);
        this.#commit({ ...this.#model, targets: withItem(this.#model.targets, enabled) });
        report(`target '${name}'`);
      });
    }
  }

  /** Tries to take in what could not be taken in; `report` hears of what is there now. */
  async #retryMissing(report: (what: string) => void): Promise<void> {
    for (const name of this.#missing.names) {
      await this.alone(async () => {
        const device = named(this.#model.devices, name);
        if (device === undefined || !this.#missing.has(name)) return;
        const refusal = await this.engine.addDevice(device);
        if (refusal !== undefined) return this.#missing.note(name, refusal.message, undefined);
        this.#missing.delete(name);
        for (const target of this.#model.targets) await this.#present.setTarget(target);
        for (const group of this.#model.deviceGroups) await this.#present.setDeviceGroup(group);
        report(`device '${name}'`);
      });
    }
  }

  /** Looks at the size of a device's file again; `text` is "force" where it may become smaller. */
  resyncSize(name: string, text: string): Promise<void> {
    const force = text.trim().toLowerCase() === "force";
    return this.#job(() => done(this.engine.resyncSize(name, force)));
  }

  /** Has a target group be as the model says, whatever initiators have made of it. */
  changeTargetGroup(group: string, targetGroup: string, change: TargetGroupChange): Promise<void> {
    return this.#job(() => done(this.engine.changeTargetGroup(group, targetGroup, change)));
  }

  /** Flushes a device. */
  sync(name: string): Promise<void> {
    return this.#job(() => done(this.engine.syncDevice(name)));
  }

  /** Writes the reservations of a device to the log. */
  async dumpReservations(name: string): Promise<void> {
    const lines = (await this.engine.reservations(name)).trimEnd().split("\n");
    for (const line of lines) log("info", `reservations of device ${name}: ${line}`);
  }

  /** The sessions of a target. */
  sessionsOf(target: string): SessionView[] {
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
    return this.#job(() => done(this.engine.resetCounters(sid, direction)));
  }

  /** Sets counters of copies back. */
  resetCopyCounters(direction: Direction): Promise<void> {
    return this.#job(() => done(this.engine.resetCopyCounters(direction)));
  }

  /** Ends a session. */
  closeSession(sid: string): Promise<void> {
    return this.#job(() => done(this.engine.closeSession(sid)));
  }

  /** The steps from what is served now to `target`. */
  plan(target: ServerModel, options?: LunChangeOptions): Step[] {
    return stepsBetween(this.#model, target, mustRemake, options);
  }

  async #take(step: Step): Promise<void> {
    await done(step.run(this.#present));
    this.#commit(step.done(this.#model));
  }

  #commit(model: ServerModel): void {
    this.#model = model;
    for (const name of this.#closed.names) {
      const device = named(model.devices, name);
      if (device === undefined || !isClosed(device)) this.#closed.delete(name);
    }
    for (const name of this.#missing.names) {
      if (named(model.devices, name) === undefined) this.#missing.delete(name);
    }
    for (const name of this.#disabled.names) {
      if (named(model.targets, name)?.attributes.enabled !== false) this.#disabled.delete(name);
    }
    this.numbers.follow(model);
  }
}
