/**
 * The control side of a server: it opens the portals and hands models over. The start is nothing but the
 * first of the changes that can be made at any time.
 */
import { findListener, takesIPv4 } from "../../ffi/socket.ts";
import { returnStartupPages } from "../../ffi/startup_pages.ts";
import type { Counters, Direction } from "../scst/command_counters.ts";
import type { ListeningPortal } from "../iscsi/portal_address.ts";
import type { SessionView } from "../iscsi/session_view.ts";
import {
  type AccessStateName,
  type DeviceGroupModel,
  type DeviceModel,
  type DriverModel,
  formatPortal,
  type PortalModel,
  type TargetGroupChange,
  type TargetModel,
} from "../scst/model.ts";
import { type FiguresPart, joinFigures, type ShardFigures, type ShardHead } from "./figures.ts";
import { listen } from "./listen.ts";
import { LiveControl } from "./live_control.ts";
import type { MemoryView } from "./messages.ts";
import { NameService } from "./name_service.ts";
import type { DeviceView } from "./device_view.ts";
import { readReplyMode } from "./reply_mode.ts";
import { type Answer, ShardHandle } from "./shard_handle.ts";
import type { SizeChange } from "./size_watch.ts";
import { StartError } from "./start_error.ts";

export type { Counters, Direction, DirectionCounters } from "../scst/command_counters.ts";
export type {
  ConnectionView,
  SessionLun,
  SessionParameters,
  SessionView,
} from "../iscsi/session_view.ts";
export { LATENCY_SIZES, LATENCY_WAYS, type LatencyRow } from "../iscsi/latency_figures.ts";
export type { BlackHole } from "../scst/black_hole.ts";
export type { BlockCounts } from "./holds.ts";
export type { LiveControl } from "./live_control.ts";
export type { LatencyPlace, LunSetPlace } from "./live_operations.ts";
export {
  CLASSES,
  type FiguresView,
  type Way,
  type WayFigures,
  WAYS,
} from "../scst/command_figures.ts";
export type { LunFigures, SessionFigures, ShardFigures } from "./figures.ts";
export { lastingAttributeOf } from "./device_change.ts";
export { SLOW } from "../iscsi/slow_commands.ts";
export type { MemoryView } from "./messages.ts";
export type { DeviceView } from "./device_view.ts";
export type { Answer } from "./shard_handle.ts";
export type { SizeChange } from "./size_watch.ts";
export { StartError } from "./start_error.ts";

/**
 * What has become of a change: why it was not made, as a sentence, and then nothing has changed; or
 * undefined when it is made.
 */
export type Outcome = Promise<string | undefined>;

/** Milliseconds after which all threads have come up, and run what they are going to run. */
const SETTLED = 1000;

/** A portal that is listened on. */
interface OpenPortal {
  readonly listener: Deno.TcpListener;
  readonly listening: ListeningPortal;
}

/** A server that runs. */
export class Server {
  /** What goes on now: to be looked at, held up, measured. */
  readonly live: LiveControl;
  #shard: ShardHandle;
  #settling: ReturnType<typeof setTimeout>;
  /** By formatPortal() of what they really listen on, in the order in which they were added. */
  #listeners = new Map<string, OpenPortal>();
  #names: NameService;

  /**
   * Starts a server that serves nothing; state that has to survive a restart is kept in `stateDir`.
   * Throws a StartError if SCST_REPLIES is none of reply_mode.ts.
   */
  constructor(stateDir: string) {
    readReplyMode(); // the shard has no way to say what is wrong with it
    this.#shard = new ShardHandle(stateDir);
    this.live = new LiveControl(this.#shard);
    this.#settling = setTimeout(returnStartupPages, SETTLED);
    this.#names = new NameService((target, initiators) => {
      this.#shard.request({ kind: "setDomainInitiators", target, initiators });
    });
  }

  /** What it listens on, with the real ports. */
  get portals(): readonly PortalModel[] {
    return this.#listening.map(({ hostname, port }) => ({ hostname, port }));
  }

  /** Has the attributes of the driver hold from now on; who is logged in stays so. */
  async setDriver(driver: DriverModel): Outcome {
    const error = await this.#shard.request({ kind: "setDriver", driver });
    if (error === undefined) this.#names.setDriver(driver);
    return error;
  }

  /** Opens a device of a name that there is not. */
  async addDevice(device: DeviceModel): Outcome {
    await touch(device.filename);
    await touch(device.prFileName);
    return await this.#shard.request({ kind: "addDevice", device });
  }

  /**
   * Makes a device what the model says: its identities and texts, its size, whether it is active, its file
   * while it is not, the medium of a drive. What cannot change while it is there is refused.
   */
  async changeDevice(device: DeviceModel): Outcome {
    await touch(device.filename);
    await touch(device.prFileName);
    return await this.#shard.request({ kind: "changeDevice", device });
  }

  /** Ends a device that no target has as a LUN: what is under way finishes, then it is flushed and closed. */
  removeDevice(device: string): Outcome {
    return this.#shard.request({ kind: "removeDevice", device });
  }

  /**
   * Has a device take the size that its store has by now, and tells who uses it. Blocks are given up
   * only if `force`.
   */
  resyncSize(device: string, force = false): Promise<Answer<SizeChange>> {
    return this.#shard.ask({ kind: "resyncSize", device, force });
  }

  /** The memory that commands have. */
  memory(): Promise<Answer<MemoryView>> {
    return this.#shard.ask({ kind: "memory" });
  }

  /** What a device is like now. */
  device(device: string): Promise<Answer<DeviceView>> {
    return this.#shard.ask({ kind: "device", device });
  }

  /** Has the log told of commands that take so many milliseconds; of none with Infinity. */
  async setSlow(milliseconds: number): Promise<void> {
    await this.#shard.request({ kind: "setSlow", milliseconds });
  }

  /** What is counted and measured. */
  async figures(): Promise<Answer<ShardFigures>> {
    const parts: FiguresPart[] = [];
    const take = (part: unknown) => parts.push(part as FiguresPart);
    const { value, error } = await this.#shard.ask<ShardHead>({ kind: "figures" }, take);
    return value === undefined ? { error: error! } : { value: joinFigures(parts, value) };
  }

  /** What all devices are like now, by name. */
  deviceViews(): Promise<Answer<ReadonlyMap<string, DeviceView>>> {
    return this.#shard.ask({ kind: "deviceViews" });
  }

  /** Brings everything that was written to a device to stable storage. */
  sync(device: string): Outcome {
    return this.#shard.request({ kind: "sync", device });
  }

  /** The persistent reservations of a device as text, as SCST's pr_state. */
  reservations(device: string): Promise<Answer<string>> {
    return this.#shard.ask({ kind: "reservations", device });
  }

  /**
   * Makes a target what the model says, or adds it; its devices are there. Nobody is logged out: sessions
   * keep the LUNs that stay as they are, lose and get the others, and are told, but not that another
   * device is behind a LUN if `quiet`.
   */
  async setTarget(target: TargetModel, { quiet = false } = {}): Outcome {
    const error = await this.#shard.request({ kind: "setTarget", target, quiet });
    if (error === undefined) this.#names.setTarget(target);
    return error;
  }

  /** Removes a target that nobody is logged in to. */
  async removeTarget(target: string): Outcome {
    const error = await this.#shard.request({ kind: "removeTarget", target });
    if (error === undefined) this.#names.removeTarget(target);
    return error;
  }

  /**
   * Makes a device group what the model says, or adds it. An access state that initiators have changed
   * stays, unless the model says another one than it did before; changeTargetGroup() sets it in any case.
   */
  setDeviceGroup(deviceGroup: DeviceGroupModel): Outcome {
    return this.#shard.request({ kind: "setDeviceGroup", deviceGroup });
  }

  /** Removes a device group; its devices are in none any more. */
  removeDeviceGroup(deviceGroup: string): Outcome {
    return this.#shard.request({ kind: "removeDeviceGroup", deviceGroup });
  }

  /** Changes state or preference of a target group of a device group, both named. */
  changeTargetGroup(
    deviceGroup: string,
    targetGroup: string,
    change: TargetGroupChange,
  ): Outcome {
    return this.#shard.request({ kind: "changeTargetGroup", deviceGroup, targetGroup, change });
  }

  /** The access state of a target group, whoever has made it that. */
  accessState(deviceGroup: string, targetGroup: string): Promise<Answer<AccessStateName>> {
    return this.#shard.ask({ kind: "accessState", deviceGroup, targetGroup });
  }

  /** What copies have read and written. */
  copyCounters(): Promise<Answer<Counters>> {
    return this.#shard.ask({ kind: "copyCounters" });
  }

  /** Has the copies of one direction counted anew. */
  resetCopyCounters(direction: Direction): Outcome {
    return this.#shard.request({ kind: "resetCopyCounters", direction });
  }

  /** Listens on one more portal. */
  async addPortal(portal: PortalModel): Outcome {
    try {
      await this.openPortal(portal, this.portals);
      return undefined;
    } catch (error) {
      if (error instanceof StartError) return error.message;
      throw error;
    }
  }

  /** The same at the start, when `all` are to be listened on. Throws a StartError. */
  async openPortal(portal: PortalModel, all: readonly PortalModel[]): Promise<void> {
    const listener = listen(portal, all);
    const { hostname, port } = listener.addr;
    const real = { hostname, port };
    const fd = findListener(real);
    if (fd === undefined) {
      listener.close();
      throw new StartError(`Cannot listen on ${formatPortal(real)}: its descriptor is not found`);
    }
    await this.#shard.request({ kind: "addPortal", portal: real, fd });
    const listening = { ...real, takesIPv4: takesIPv4(fd) };
    this.#listeners.set(formatPortal(real), { listener, listening });
    this.#names.setPortals(this.#listening);
  }

  /** Listens no more on a portal, as `portals` has it; connections that came by it stay. */
  async removePortal(portal: PortalModel): Outcome {
    const error = await this.#shard.request({ kind: "removePortal", portal });
    if (error !== undefined) return error;
    const name = formatPortal(portal);
    this.#listeners.get(name)?.listener.close();
    this.#listeners.delete(name);
    this.#names.setPortals(this.#listening);
    return undefined;
  }

  get #listening(): ListeningPortal[] {
    return Array.from(this.#listeners.values(), ({ listening }) => listening);
  }

  /** A number that is another one when the data loop has turned, which it does at least once a second. */
  get turns(): number {
    return this.#shard.turns;
  }

  /** The sessions as they were when something became of them last, in the order in which they began. */
  get sessions(): Iterable<SessionView> {
    return this.#shard.sessions.values();
  }

  /** What a session is like at this moment, by its SessionView.sid; undefined when it is gone. */
  async session(sid: string): Promise<SessionView | undefined> {
    return (await this.#shard.ask<SessionView>({ kind: "session", sid })).value;
  }

  /**
   * The initiators that share a discovery domain with a target, in lower case, as an iSNS server says;
   * undefined as long as none has.
   */
  domainInitiators(target: string): readonly string[] | undefined {
    return this.#names.domainOf(target);
  }

  /** Closes a session, by its SessionView.sid. */
  closeSession(sid: string): Outcome {
    return this.#shard.request({ kind: "closeSession", sid });
  }

  /** Has a session count the commands of one direction anew. */
  resetCounters(sid: string, direction: Direction): Outcome {
    return this.#shard.request({ kind: "resetCounters", sid, direction });
  }

  /** Closes all sessions, flushes all devices. Rejects when a device cannot be flushed. */
  async stop(): Promise<void> {
    clearTimeout(this.#settling);
    const [error] = await Promise.all([this.#shard.request({ kind: "stop" }), this.#names.stop()]);
    for (const { listener } of this.#listeners.values()) listener.close();
    if (error !== undefined) throw new Error(error);
  }

  /** Logs what was interrupted on media that no device has, when all devices are there. */
  async reportLeftovers(): Promise<void> {
    await this.#shard.request({ kind: "devicesAdded" });
  }
}

/**
 * The data isolate opens a file, and must not be the first to wait for a file system that sleeps. Why a
 * file cannot be had the shard says in its own words.
 */
async function touch(filename: string | undefined): Promise<void> {
  if (filename !== undefined) await Deno.stat(filename).catch(() => {});
}
