/** What main and the data isolate say to each other. */
import type { WakeHandle } from "../../ffi/wake.ts";
import type { Direction } from "../scst/command_counters.ts";
import type { Level } from "../log.ts";
import type {
  DeviceGroupModel,
  DeviceModel,
  DriverModel,
  PortalModel,
  TargetGroupChange,
  TargetModel,
} from "../scst/model.ts";
import type { IoPoolHandle } from "../store/io_pool.ts";
import type { LiveOperation } from "./live_operations.ts";
import type { SessionNews } from "./session_news.ts";

/** What the data isolate is started with. `port` carries everything after that. */
export interface ShardStart {
  readonly port: MessagePort;
  /** Wakes the shard after something was posted. */
  readonly wake: WakeHandle;
  readonly pool: IoPoolHandle;
  /** Directory for what has to survive a restart. */
  readonly stateDir: string;
  /** 32 bits that are another number when the loop has turned. */
  readonly pulse: SharedArrayBuffer;
}

/**
 * A validated operation on one object. A model is all that the object is to be: the shard compares it
 * with what it has, and changes what differs.
 */
export type Operation =
  | { readonly kind: "setDriver"; readonly driver: DriverModel }
  | { readonly kind: "addDevice" | "changeDevice"; readonly device: DeviceModel }
  /** `device` and `target` are names here and below. */
  | { readonly kind: "removeDevice" | "sync" | "device" | "reservations"; readonly device: string }
  | {
    readonly kind: "resyncSize";
    readonly device: string;
    /** Whether blocks may be lost by it. */
    readonly force: boolean;
  }
  /** All devices of the configuration are there. */
  | { readonly kind: "devicesAdded" }
  | { readonly kind: "memory" }
  | { readonly kind: "deviceViews" }
  | {
    readonly kind: "setTarget";
    readonly target: TargetModel;
    /** Whether initiators are not told that another device is behind a LUN (SCST: replace_no_ua). */
    readonly quiet: boolean;
  }
  | { readonly kind: "removeTarget"; readonly target: string }
  | {
    readonly kind: "setDomainInitiators";
    readonly target: string;
    /** Those that share a discovery domain with it, in lower case; undefined if nobody says. */
    readonly initiators: readonly string[] | undefined;
  }
  | { readonly kind: "setDeviceGroup"; readonly deviceGroup: DeviceGroupModel }
  | { readonly kind: "removeDeviceGroup"; readonly deviceGroup: string }
  | {
    readonly kind: "changeTargetGroup";
    /** Names of a device group and of one of its target groups. */
    readonly deviceGroup: string;
    readonly targetGroup: string;
    readonly change: TargetGroupChange;
  }
  | {
    readonly kind: "accessState";
    /** As above. */
    readonly deviceGroup: string;
    readonly targetGroup: string;
  }
  | { readonly kind: "copyCounters" }
  | { readonly kind: "figures" }
  /** Milliseconds from which on a command is slow; Infinity tells of none. */
  | { readonly kind: "setSlow"; readonly milliseconds: number }
  | { readonly kind: "resetCopyCounters"; readonly direction: Direction }
  | { readonly kind: "addPortal"; readonly portal: PortalModel; readonly fd: number }
  | { readonly kind: "removePortal"; readonly portal: PortalModel }
  /** `sid` as SessionView has it. */
  | { readonly kind: "closeSession" | "session"; readonly sid: string }
  | { readonly kind: "resetCounters"; readonly sid: string; readonly direction: Direction }
  | { readonly kind: "stop" }
  | LiveOperation;

/** The memory that commands have, in bytes. */
export interface MemoryView {
  /** Of commands in progress. */
  readonly lent: number;
  /** Kept for the next ones. */
  readonly kept: number;
}

/** An operation with the number that its answer bears. */
export interface Request {
  readonly id: number;
  readonly operation: Operation;
}

/**
 * From the shard: the result of an operation (`error` is a sentence, `value` what was asked for), or a part
 * of it before that; a line for the log, what has become of sessions, or that it needs one more I/O
 * worker.
 */
export type FromShard =
  | {
    readonly kind: "result";
    readonly id: number;
    readonly error: string | undefined;
    readonly value?: unknown;
  }
  | { readonly kind: "part"; readonly id: number; readonly part: unknown }
  | { readonly kind: "log"; readonly level: Level; readonly line: string }
  | { readonly kind: "sessions"; readonly news: SessionNews }
  | { readonly kind: "addWorker" };
