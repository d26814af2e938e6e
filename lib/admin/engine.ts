/** What the administration asks of the server that runs; each operation is one of the data isolate. */
import type {
  DeviceGroupModel,
  DeviceModel,
  DriverModel,
  PortalModel,
  TargetModel,
} from "../scst/model.ts";
import type { TreeErrno } from "./tree.ts";

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

/** What a session is to the tree as long as it lives. */
export interface SessionState {
  /** 64 bits in hex digits. */
  readonly sid: string;
  /** The name of its target. */
  readonly target: string;
  /** The name that groups were matched with. */
  readonly initiator: string;
  /** The group whose LUNs it sees; undefined for the target's own. */
  readonly group: string | undefined;
  /** What was negotiated, by the names of RFC 7143, as the tree writes it. */
  readonly parameters: Readonly<Record<string, string>>;
  readonly connection: ConnectionState;
}

export interface ConnectionState {
  readonly cid: number;
  /** Addresses without port. */
  readonly ip: string;
  readonly targetIp: string;
}

/** Commands in one direction. */
export interface Traffic {
  readonly commands: number;
  readonly kib: number;
  /** Commands that do not begin or end at a multiple of 4 KiB. */
  readonly unaligned: number;
}

/** What a session does now, and has done. */
export interface SessionCounters {
  readonly commands: number;
  readonly activeCommands: number;
  /** Active commands by LUN. */
  readonly units: readonly { readonly lun: number; readonly activeCommands: number }[];
  readonly unknown: number;
  readonly none: number;
  readonly read: Traffic;
  readonly write: Traffic;
  readonly bidi: Traffic;
}

/** The directions whose counters can be reset. */
export type Direction = "unknown" | "none" | "read" | "write" | "bidi";

export interface Engine {
  /** The sessions that there are, in the order in which they began. */
  readonly sessions: Iterable<SessionState>;
  /** undefined when the session is gone. */
  sessionCounters(sid: string): Promise<SessionCounters | undefined>;
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
  /** Bytes that a device has; 0 when it has no medium. */
  deviceSize(name: string): Promise<number>;
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
