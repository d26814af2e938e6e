/** What the administration asks of the server that runs; each operation is one of the data isolate. */
import type {
  AccessStateName,
  DeviceGroupModel,
  DeviceModel,
  DriverModel,
  PortalModel,
  TargetGroupChange,
  TargetModel,
} from "../scst/model.ts";
import type {
  Counters,
  DeviceView,
  Direction,
  MemoryView,
  SessionView,
  ShardFigures,
} from "../shard/server.ts";
import type { LiveEngine } from "./live_engine.ts";
import type { TreeErrno } from "./tree.ts";

export type {
  Counters,
  DeviceView,
  Direction,
  DirectionCounters,
  SessionView,
} from "../shard/server.ts";

/** Why an operation was not done. */
export interface Refusal {
  readonly errno: TreeErrno;
  /** One sentence. */
  readonly message: string;
}

/** undefined when it is done. */
export type Outcome = Promise<Refusal | undefined>;

/** How sessions are told of a change of their LUNs. */
export interface LunChangeOptions {
  /** Whether nothing is said of a LUN whose device is another one now (SCST's replace_no_ua). */
  readonly quiet?: boolean;
}

export interface Engine {
  /** What goes on now: to be looked at, held up, measured. */
  readonly live: LiveEngine;
  /** The sessions, as they were when something became of them last, in the order in which they began. */
  readonly sessions: Iterable<SessionView>;
  /** What a session does now; undefined when it is gone. */
  session(sid: string): Promise<SessionView | undefined>;
  /** Who shares a discovery domain with a target, in lower case; undefined as long as nobody says. */
  domainInitiators(target: string): readonly string[] | undefined;
  resetCounters(sid: string, direction: Direction): Outcome;
  setDriver(driver: DriverModel): Outcome;
  addDevice(device: DeviceModel): Outcome;
  /** Has a device be as the model of its name says. */
  changeDevice(device: DeviceModel): Outcome;
  /** No LUN has it any more. */
  removeDevice(name: string): Outcome;
  /** Adds a target, or has the one of its name be as the model says. */
  setTarget(target: TargetModel, options?: LunChangeOptions): Outcome;
  /** Nobody is logged in to it. */
  removeTarget(name: string): Outcome;
  setDeviceGroup(group: DeviceGroupModel): Outcome;
  removeDeviceGroup(name: string): Outcome;
  /** Changes a target group, whatever initiators have made of it. */
  changeTargetGroup(group: string, targetGroup: string, change: TargetGroupChange): Outcome;
  /** The memory that commands have; undefined where nothing is served. */
  memory(): Promise<MemoryView | undefined>;
  /** What is counted and measured; undefined as above. */
  figures(): Promise<ShardFigures | undefined>;
  /** The access state of a target group, which initiators may have changed; undefined as above. */
  accessState(group: string, targetGroup: string): Promise<AccessStateName | undefined>;
  /** What copies have read and written; undefined as above. */
  copyCounters(): Promise<Counters | undefined>;
  resetCopyCounters(direction: Direction): Outcome;
  /** What a device is like now; undefined where it is not served. */
  device(name: string): Promise<DeviceView | undefined>;
  /** The same of all devices that are there, by name. */
  deviceViews(): Promise<ReadonlyMap<string, DeviceView>>;
  /** Looks at the size of the backing store again; it may only become smaller with `force`. */
  resyncSize(name: string, force: boolean): Outcome;
  /** Flushes a device. */
  syncDevice(name: string): Outcome;
  /** The persistent reservations of a device, as SCST's `pr_state` has them. */
  reservations(name: string): Promise<string>;
  /** Ends a session. */
  closeSession(sid: string): Outcome;
  addPortal(portal: PortalModel): Outcome;
  removePortal(portal: PortalModel): Outcome;
}
