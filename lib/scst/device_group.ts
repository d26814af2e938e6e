/**
 * A device group: devices, and the target groups through which they are reached (SPC-4 5.15). It
 * keeps `portAccess` of the units of its devices up to date, and has the commands that come during
 * a transition wait for its end.
 */
import { Sense } from "../scsi/sense.ts";
import { ACCESS_STATES, type AccessState, PortAccess, TRANSITIONING } from "./access_state.ts";
import type { Device } from "./device.ts";
import { resumeCommand } from "./execute.ts";
import type { LogicalUnit } from "./logical_unit.ts";
import type { DeviceGroupModel, TargetGroupChange, TargetGroupModel } from "./model.ts";
import type { CoreCommand } from "./operation.ts";
import { Altered, TargetGroup } from "./target_group.ts";

/** Milliseconds after which a command that came during a transition looks once more, as in SCST. */
const HOLD = 500;

/** What a device group asks of whoever has it. */
export interface DeviceGroupOwner {
  /** Calls look() in so many milliseconds. */
  lookIn(milliseconds: number): void;
  /** Takes a line for the log. */
  report(line: string): void;
}

interface Held {
  readonly command: CoreCommand;
  /** By performance.now(). */
  readonly since: number;
}

export class DeviceGroup {
  readonly name: string;
  #devices: readonly Device[] = [];
  #targetGroups: readonly TargetGroup[] = [];
  #owner: DeviceGroupOwner;
  #held: Held[] = [];
  #looks = false;

  /** `devices` are those that the model names, in no other group. */
  constructor(model: DeviceGroupModel, devices: readonly Device[], owner: DeviceGroupOwner) {
    this.name = model.name;
    this.#owner = owner;
    this.change(model, devices);
  }

  get devices(): readonly Device[] {
    return this.#devices;
  }

  get targetGroups(): readonly TargetGroup[] {
    return this.#targetGroups;
  }

  /**
   * Becomes what `model` says; `devices` are those that it names, in no other group. Whoever finds other
   * states, or is in a target group no more, or in another one, is told.
   */
  change(model: DeviceGroupModel, devices: readonly Device[]): void {
    const leaving = this.#devices.filter((device) => !devices.includes(device));
    const units = [...this.#devices, ...devices.filter((device) => !this.#devices.includes(device))]
      .flatMap((device) => [...device.users]);
    const before = new Map(units.map((unit) => [unit, viewOf(unit)]));
    this.#targetGroups = model.targetGroups.map((wanted) => this.#changeTargetGroup(wanted));
    this.#devices = devices;
    for (const device of devices) device.group = this;
    for (const unit of units) {
      if (devices.includes(unit.device)) this.enter(unit);
      else leave(unit);
    }
    this.#resume(({ command }) => !isInTransition(command.unit!));
    // Only now: what is aborted until then is to be found here.
    for (const device of leaving) device.group = undefined;
    for (const [unit, view] of before) announceView(unit, view);
  }

  /** Ends: its devices are in no group any more. */
  end(): void {
    this.change({ name: this.name, devices: [], targetGroups: [] }, []);
  }

  /** Lets a device go that will be gone. */
  remove(device: Device): void {
    this.#devices = this.#devices.filter((other) => other !== device);
    device.group = undefined;
  }

  /** The target group of the name of a model as the model says: the one that is there, or a new one. */
  #changeTargetGroup(wanted: TargetGroupModel): TargetGroup {
    const group = this.findName(wanted.name);
    if (group === undefined) return new TargetGroup(wanted);
    if (group.change(wanted)) {
      const text = `${group.state.name}${group.preferred ? " and preferred" : ""} now`;
      this.#owner.report(`${this.#describe(group)} is ${text}`);
    }
    return group;
  }

  /** Takes in the unit of a nexus that begins. */
  enter(unit: LogicalUnit): void {
    unit.portGroup = this.targetGroups.find((group) => group.has(unit.nexus.target.name));
    unit.portAccess = unit.portGroup?.state.access ?? PortAccess.FULL;
  }

  /** Finds a target group by its TARGET PORT GROUP. */
  findId(id: number): TargetGroup | undefined {
    return this.targetGroups.find((group) => group.id === id);
  }

  /** Finds a target group by its name. */
  findName(name: string): TargetGroup | undefined {
    return this.targetGroups.find((group) => group.name === name);
  }

  /** Changes a target group for the control side (SPC-4 5.15.2.7, implicit). */
  alter(group: TargetGroup, { state, preferred }: TargetGroupChange): void {
    const isPreferred = preferred ?? group.preferred;
    // The standard does not ask for a unit attention condition here; without one nobody would look.
    const isNews = isPreferred !== group.preferred;
    group.preferred = isPreferred;
    if (isNews) {
      this.#owner.report(`${this.#describe(group)} is${isPreferred ? "" : " not"} preferred now`);
    }
    const next = state === undefined ? group.state : ACCESS_STATES[state];
    this.#establish(new Map([[group, next]]), Altered.IMPLICITLY, isNews);
  }

  /**
   * Changes the states of target groups for SET TARGET PORT GROUPS (SPC-4 5.15.2.8, explicit), all at
   * once. `cause` is the unit that the command came for; it is told by the status.
   */
  set(states: ReadonlyMap<TargetGroup, AccessState>, cause: LogicalUnit): void {
    this.#establish(states, Altered.BY_COMMAND, false, cause);
  }

  /** Has a command wait that came during a transition. */
  hold(command: CoreCommand): void {
    this.#held.push({ command, since: performance.now() });
    this.#lookIn(HOLD);
  }

  /** Whether a command waits for the end of a transition. */
  isHolding(command: CoreCommand): boolean {
    return this.#held.some((entry) => entry.command === command);
  }

  /** Forgets a waiting command that was aborted; tells whether it waited. */
  forget(command: CoreCommand): boolean {
    const index = this.#held.findIndex((entry) => entry.command === command);
    if (index < 0) return false;
    this.#held.splice(index, 1);
    return true;
  }

  /** Has those commands look once more that have waited long enough. */
  look(now: number): void {
    this.#looks = false;
    this.#resume((entry) => now - entry.since >= HOLD);
    const [oldest] = this.#held;
    if (oldest !== undefined) this.#lookIn(Math.max(1, oldest.since + HOLD - now));
  }

  #lookIn(milliseconds: number): void {
    if (this.#looks) return;
    this.#looks = true;
    this.#owner.lookIn(milliseconds);
  }

  #establish(
    states: ReadonlyMap<TargetGroup, AccessState>,
    altered: number,
    isNews: boolean,
    cause?: LogicalUnit,
  ): void {
    let tells = isNews;
    for (const [group, state] of states) {
      if (group.state === state) continue;
      group.state = state;
      group.altered = altered;
      // A transition is the way to a change, which is told of when it is done (SPC-4 5.15.2.5).
      if (state !== TRANSITIONING) tells = true;
      this.#owner.report(`${this.#describe(group)} is ${state.name} now${describeCause(cause)}`);
    }
    for (const device of this.devices) {
      for (const unit of device.users) {
        if (unit.portGroup === undefined) continue;
        unit.portAccess = unit.portGroup.state.access;
        if (tells && unit !== cause) unit.announce(Sense.ASYMMETRIC_ACCESS_STATE_CHANGED);
      }
    }
    this.#resume(({ command }) => !isInTransition(command.unit!));
  }

  #resume(isDue: (entry: Held) => boolean): void {
    // One by one: what becomes of a command may abort others that wait. An aborted one takes itself
    // out with forget(), and is not to run until then.
    for (;;) {
      const index = this.#held.findIndex((entry) => !entry.command.aborted && isDue(entry));
      if (index < 0) return;
      const [entry] = this.#held.splice(index, 1);
      resumeCommand(entry!.command);
    }
  }

  #describe(group: TargetGroup): string {
    return `target group '${group.name}' of device group '${this.name}'`;
  }
}

function isInTransition({ portGroup }: LogicalUnit): boolean {
  return portGroup?.state === TRANSITIONING;
}

/** The unit is reached through no target group any more. */
function leave(unit: LogicalUnit): void {
  unit.portGroup = undefined;
  unit.portAccess = PortAccess.FULL;
}

/** What a unit shows of its target group. */
interface PortView {
  readonly id: number | undefined;
  readonly state: AccessState;
  readonly preferred: boolean;
}

function viewOf({ portGroup }: LogicalUnit): PortView {
  const { id, state = ACCESS_STATES.active, preferred = false } = portGroup ?? {};
  return { id, state, preferred };
}

/** Tells of what is otherwise than before; a transition is the way to a change, as in alter(). */
function announceView(unit: LogicalUnit, before: PortView): void {
  const { id, state, preferred } = viewOf(unit);
  // VPD page 83h and TPGS of the standard INQUIRY data.
  if (id !== before.id) unit.announce(Sense.INQUIRY_DATA_CHANGED);
  const isNews = state !== before.state && state !== TRANSITIONING;
  if (isNews || preferred !== before.preferred) {
    unit.announce(Sense.ASYMMETRIC_ACCESS_STATE_CHANGED);
  }
}

function describeCause(cause: LogicalUnit | undefined): string {
  if (cause === undefined) return "";
  const { nexus, lun } = cause;
  const who = `initiator=${nexus.initiator} target=${nexus.target.name} lun=${lun}`;
  return `, by SET TARGET PORT GROUPS: ${who}`;
}
