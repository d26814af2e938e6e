/** The iSCSI node (RFC 7143 4.4): the targets, portals and sessions of one shard. */
import { MemoryPool } from "../../ffi/memory.ts";
import {
  DRIVER_DEFAULTS,
  type DriverModel,
  TARGET_DEFAULTS,
  type TargetAttributes,
  type TargetModel,
} from "../scst/model.ts";
import { type DeviceFinder, Target } from "../scst/target.ts";
import { Accounts, NO_ACCOUNTS } from "./accounts.ts";
import { ChapChallenges } from "./chap_challenge.ts";
import { LoginCounts } from "./login_counts.ts";
import { NameWatch } from "./name_watch.ts";
import { Pace } from "./pace.ts";
import { PORTAL_GROUP_TAG } from "./parameters.ts";
import type { ListeningPortal } from "./portal_address.ts";
import type { Session } from "./session.ts";
import { Tally } from "./tally.ts";

export type Report = (level: "debug" | "info" | "warning" | "error", line: string) => void;

/** Bytes of unused memory that are kept for the next taker. */
const KEEP_MEMORY = 32 * 2 ** 20;

export class Node {
  readonly memory = new MemoryPool(KEEP_MEMORY);
  readonly report: Report;
  /** Hears of a session that begins, ends, or has the LUNs of another group. */
  readonly sessionChanged: (session: Session) => void;
  readonly portals: ListeningPortal[] = [];
  readonly nameWatch: NameWatch;
  readonly challenges: ChapChallenges = new ChapChallenges();
  /** Of what discovery sessions ask: each time all targets are looked at. */
  readonly discoveryPace: Pace = new Pace();
  readonly tally = new Tally();
  readonly logins = new LoginCounts();
  #measuresLatency = false;
  #driver = DRIVER_DEFAULTS;
  /** Who may discover targets. */
  #discoveryAccounts = NO_ACCOUNTS;
  #accounts = new Map<Target, Accounts>();
  #targets = new Map<string, Target>();
  #sessions = new Map<number, Session>();
  #lastTsih = 0;

  /** `report` takes finished lines for the log. */
  constructor(report: Report, sessionChanged: (session: Session) => void = () => {}) {
    this.report = report;
    this.sessionChanged = sessionChanged;
    this.nameWatch = new NameWatch(report);
  }

  /** What holds for every login. */
  get driver(): DriverModel {
    return this.#driver;
  }

  set driver(driver: DriverModel) {
    this.#driver = driver;
    this.#discoveryAccounts = new Accounts(driver);
  }

  /** Whether sessions measure where the time of their commands goes (SCST's `measure_latency`). */
  get measuresLatency(): boolean {
    return this.#measuresLatency;
  }

  set measuresLatency(measures: boolean) {
    if (measures === this.#measuresLatency) return;
    this.#measuresLatency = measures;
    for (const session of this.#sessions.values()) session.measureLatency(measures);
  }

  /** Adds a target; neither its name nor the RELATIVE TARGET PORT IDENTIFIER is there yet. */
  addTarget(
    name: string,
    attributes: TargetAttributes = TARGET_DEFAULTS,
    relativeId = this.#targets.size + 1,
  ): Target {
    const tag = PORTAL_GROUP_TAG.toString(16).padStart(4, "0");
    const target = new Target(name, `${name},t,0x${tag}`, relativeId, attributes);
    this.#targets.set(name.toLowerCase(), target);
    return target;
  }

  /**
   * Makes the target of the model's name what the model says, or adds it; `deviceOf` finds the devices
   * that it names. Who is logged in stays so, and goes on with what has changed; `quiet` as for
   * Nexus.regroup().
   */
  setTarget(model: TargetModel, deviceOf: DeviceFinder, quiet = false): void {
    const { name, attributes, relTgtId } = model;
    const target = this.findTarget(name) ?? this.addTarget(name, attributes, relTgtId);
    target.change(model, deviceOf);
    this.setAccounts(target, new Accounts(model));
    for (const session of this.#sessions.values()) {
      if (session.target === target) session.followTarget(quiet);
    }
  }

  /** Removes a target that nobody is logged in to; logins that are under way are refused. */
  removeTarget(target: Target): void {
    this.#targets.delete(target.name.toLowerCase());
    this.#accounts.delete(target);
    target.remove();
  }

  /** Says who may log in to a target; anybody may where nothing is said. */
  setAccounts(target: Target, accounts: Accounts): void {
    this.#accounts.set(target, accounts);
  }

  /** Who may log in to a target; without one: who may discover targets. */
  accountsOf(target: Target | undefined): Accounts {
    if (target === undefined) return this.#discoveryAccounts;
    return this.#accounts.get(target) ?? NO_ACCOUNTS;
  }

  /** Finds a target; iSCSI names are compared in lower case (RFC 7143 4.2.7.2). */
  findTarget(name: string): Target | undefined {
    return this.#targets.get(name.toLowerCase());
  }

  /** The targets in the order in which they were added. */
  get targets(): Iterable<Target> {
    return this.#targets.values();
  }

  get sessions(): Iterable<Session> {
    return this.#sessions.values();
  }

  /** Finds a session by its TSIH. */
  sessionOf(tsih: number): Session | undefined {
    return this.#sessions.get(tsih);
  }

  /** Finds the session that a login with the same names and ISID takes over (RFC 7143 6.3.5). */
  findReinstated(initiator: string, isid: string, target: Target): Session | undefined {
    for (const session of this.#sessions.values()) {
      const { identity } = session;
      if (
        identity.initiator === initiator && identity.isid === isid && session.target === target
      ) return session;
    }
    return undefined;
  }

  /** Enters a session under a TSIH that is free; 0 when there is none. */
  enterSession(session: Session): number {
    for (let tries = 0; tries < 0xffff; tries++) {
      this.#lastTsih = this.#lastTsih % 0xffff + 1;
      if (this.#sessions.has(this.#lastTsih)) continue;
      this.#sessions.set(this.#lastTsih, session);
      this.sessionChanged(session);
      return this.#lastTsih;
    }
    return 0;
  }

  removeSession(tsih: number): void {
    const session = this.#sessions.get(tsih);
    this.#sessions.delete(tsih);
    if (session !== undefined) this.sessionChanged(session);
  }
}
