/** A shard: everything that one data isolate owns. Nothing in it is touched by anybody else. */
import { Memory } from "../../ffi/memory.ts";
import { raiseOpenFiles } from "../../ffi/open_files.ts";
import { READABLE } from "../../ffi/poller.ts";
import {
  closeSocket,
  localAddress,
  remoteAddress,
  takesIPv4,
  tuneSocket,
} from "../../ffi/socket.ts";
import { bugLine } from "../bug.ts";
import { CommandCounters, type Direction } from "../scst/command_counters.ts";
import { Node, type Report } from "../iscsi/node.ts";
import type { Session } from "../iscsi/session.ts";
import { type SessionView, sidOf, tsihIn, viewOfSession } from "../iscsi/session_view.ts";
import {
  type DeviceGroupModel,
  type DeviceModel,
  type DriverModel,
  formatPortal,
  type PortalModel,
  type TargetModel,
} from "../scst/model.ts";
import { dumpPrState } from "../scst/pr_dump.ts";
import { IoPool, type IoPoolHandle } from "../store/io_pool.ts";
import { DeviceGroups } from "./device_groups.ts";
import { Devices } from "./devices.ts";
import { HalfOpen } from "./half_open.ts";
import { Holds } from "./holds.ts";
import { Link, RECEIVE_LENGTH } from "./link.ts";
import { Loop } from "./loop.ts";
import type { MemoryView } from "./messages.ts";
import { type Done, OperationError } from "./operation_error.ts";
import { Portal } from "./portal.ts";
import { type SessionNews, SessionNewsletter } from "./session_news.ts";
import { readReplyMode, ReplyMode } from "./reply_mode.ts";
import { refuseUsed, removeTarget, setTarget } from "./targets.ts";

/** Milliseconds that initiators have to log out when the server stops. */
const LOGOUT_TIMEOUT = 2000;

/** Connections that a shard has at one time. */
const CONNECTIONS_MOST = 4096;

/**
 * Descriptors that are kept free of connections: for I/O workers, each of which takes seven, devices
 * and state. A worker that cannot have its descriptors would be the end of the process.
 */
const DESCRIPTORS_KEPT = 320;

/** What a shard asks of main, and tells it. */
export interface ShardOwner {
  /** Starts one more I/O worker. */
  readonly addWorker: () => void;
  /** Takes a line for the log. */
  readonly report: Report;
  readonly sendNews: (news: SessionNews) => void;
  /** Sees the loop turn: Loop. */
  readonly pulse: Int32Array;
}

export class Shard {
  readonly loop: Loop;
  readonly devices: Devices;
  readonly deviceGroups: DeviceGroups;
  readonly copyCounters = new CommandCounters();
  readonly holds: Holds;
  #node: Node;
  #pool: IoPool;
  /** By formatPortal(). */
  #portals = new Map<string, Portal>();
  #links = new Set<Link>();
  #halfOpen = new HalfOpen<Link>();
  /** What is still to be done when all connections have ended. */
  #stopping: (() => void) | undefined = undefined;
  /** When the connections are closed that have not ended by themselves. */
  #closeBy = 0;
  #buffer = new Memory(RECEIVE_LENGTH);
  #replies = readReplyMode();
  #report: Report;
  /** Descriptors from here on are kept; the lowest one that is free is what a connection gets. */
  #descriptorsMost: number;

  constructor(
    pool: IoPoolHandle,
    stateDir: string,
    { addWorker, report, sendNews, pulse }: ShardOwner,
  ) {
    this.#report = report;
    const openFiles = raiseOpenFiles();
    this.#descriptorsMost = openFiles - Math.min(DESCRIPTORS_KEPT, openFiles / 2);
    this.loop = new Loop((now) => this.#tick(now), (error) => this.#reportBug(error), pulse);
    this.loop.onHandled = (now) => this.#node.tally.settleAt(now);
    const newsletter = new SessionNewsletter(this.loop, sendNews);
    this.#node = new Node(report, (session) => newsletter.changed(session));
    this.#pool = new IoPool(pool, {
      addWorker,
      lookIn: (milliseconds) => this.loop.after(milliseconds, () => this.#pool.look()),
      settleLater: (pool) => this.loop.settleLater(pool),
      report: (error) => this.#reportBug(error),
    });
    this.loop.watch(this.#pool.wakeFd, READABLE, { ready: () => this.#pool.drain() });
    this.devices = new Devices({
      pool: this.#pool,
      memory: this.#node.memory,
      stateDir,
      journalDir: `${stateDir}/atomic`,
      journals: new Set(),
      copyCounters: this.copyCounters,
      report,
      after: (milliseconds, action) => this.loop.after(milliseconds, action),
    });
    this.deviceGroups = new DeviceGroups(this.loop, report);
    this.holds = new Holds({
      node: this.#node,
      devices: () => this.devices.all,
      after: (milliseconds, action) => this.loop.after(milliseconds, action),
      report,
    });
  }

  /** The targets and sessions. */
  get node(): Node {
    return this.#node;
  }

  /** Opens a device; `done` hears when it may be used, or why not. Throws OperationError, StoreError. */
  addDevice(model: DeviceModel, done: Done): void {
    this.devices.add(model, (error) => {
      if (error === undefined) this.holds.enter(this.devices.deviceOf(model.name));
      done(error);
    });
  }

  /** Has the attributes of the driver hold from now on. */
  setDriver(driver: DriverModel): void {
    this.#node.driver = driver;
  }

  /** Makes a target what `model` says, or adds it. Throws an OperationError if it cannot be that. */
  setTarget(model: TargetModel, quiet = false): void {
    setTarget(this.#node, model, (name) => this.devices.deviceOf(name), quiet);
  }

  /** Removes a target that nobody is logged in to. Throws an OperationError if somebody is. */
  removeTarget(name: string): void {
    removeTarget(this.#node, name);
  }

  /**
   * Says which initiators share a discovery domain with a target, which may be gone; undefined if nobody
   * says any more.
   */
  setDomainInitiators(name: string, initiators: readonly string[] | undefined): void {
    const target = this.#node.findTarget(name);
    if (target === undefined) return;
    target.domainInitiators = initiators === undefined ? "unheard" : new Set(initiators);
  }

  /** Makes a device group what `model` says, or adds it. Throws an OperationError if it cannot be that. */
  setDeviceGroup(model: DeviceGroupModel): void {
    this.deviceGroups.set(model, (name) => this.devices.deviceOf(name));
  }

  /**
   * Ends a device; `done` hears when it is closed. Throws an OperationError if a target has it as a LUN or
   * it cannot be closed now.
   */
  removeDevice(name: string, done: Done): void {
    const { device } = this.devices.get(name);
    refuseUsed(this.#node, device);
    this.devices.remove(name, done);
    this.deviceGroups.forget(device);
    this.holds.leave(device);
  }

  /** The threads that make the calls that may sleep. */
  get pool(): IoPool {
    return this.#pool;
  }

  /** Connections that there are. */
  get connections(): number {
    return this.#links.size;
  }

  get memoryView(): MemoryView {
    const { lent, kept } = this.#node.memory;
    return { lent, kept };
  }

  /** The persistent reservations of a device, as text. */
  reservationsOf(name: string): string {
    return dumpPrState(this.devices.deviceOf(name).reservations.state);
  }

  /** Accepts connections on a listening descriptor. */
  addPortal(model: PortalModel, fd: number): void {
    this.#node.portals.push({ ...model, takesIPv4: takesIPv4(fd) });
    const accept = (socket: number) => this.#accept(socket);
    const portal = new Portal(this.loop, fd, accept, (line) => this.#report("warning", line));
    this.#portals.set(formatPortal(model), portal);
  }

  /** Accepts no more there; connections that are there stay. Throws an OperationError if it is not there. */
  removePortal(model: PortalModel): void {
    const name = formatPortal(model);
    const portal = this.#portals.get(name);
    if (portal === undefined) throw new OperationError(`There is no portal ${name}`);
    portal.close();
    this.#portals.delete(name);
    const index = this.#node.portals.findIndex((other) => formatPortal(other) === name);
    this.#node.portals.splice(index, 1);
  }

  /** What a session is like now. Throws an OperationError if it is not there. */
  sessionView(sid: string): SessionView {
    return viewOfSession(this.session(sid));
  }

  /** Closes a session. Throws an OperationError if it is not there. */
  closeSession(sid: string): void {
    this.session(sid).drop("the administrator has closed the session (force_close)");
  }

  /** Has a session count anew. Throws an OperationError if it is not there. */
  resetCounters(sid: string, direction: Direction): void {
    this.session(sid).counters.reset(direction);
  }

  /** Finds a session. Throws an OperationError if it is not there. */
  session(sid: string): Session {
    const session = this.#node.sessionOf(tsihIn(sid));
    if (session !== undefined && sidOf(session) === sid) return session;
    throw new OperationError(`There is no session ${sid}`);
  }

  /**
   * Asks all initiators to log out, closes the sessions of those who do not, and flushes all devices;
   * `done` hears an error as a sentence.
   */
  stop(done: (error: string | undefined) => void): void {
    for (const portal of this.#portals.values()) portal.close();
    this.#portals.clear();
    for (const link of this.#links) {
      if (link.connection.isLoggingIn) link.connection.finish();
    }
    for (const session of this.#node.sessions) session.requestLogout(LOGOUT_TIMEOUT / 1000);
    this.#closeBy = performance.now() + LOGOUT_TIMEOUT;
    this.#stopping = () => this.#flushAll(done);
    this.#goOnStopping();
  }

  /** Flushes when nobody is logged in any more. */
  #goOnStopping(): void {
    const flushAll = this.#stopping;
    if (flushAll === undefined || [...this.#node.sessions].length > 0) return;
    this.#stopping = undefined;
    flushAll();
  }

  #flushAll(answer: (error: string | undefined) => void): void {
    // The last answers go out first: the process may end with this one.
    this.devices.finish((error) => this.loop.settleLater({ settle: () => answer(error) }));
  }

  #accept(fd: number): void {
    const peer = remoteAddress(fd);
    const local = localAddress(fd);
    if (peer === undefined || local === undefined) return closeSocket(fd); // gone already
    const isFull = this.#links.size >= CONNECTIONS_MOST || fd >= this.#descriptorsMost;
    if (isFull && !this.#makeRoom()) {
      const text = `connection refused: there are ${this.#links.size} already`;
      this.#report("warning", `${text}: peer=${formatPortal(peer)}`);
      return closeSocket(fd);
    }
    tuneSocket(fd, this.#replies !== ReplyMode.NAGLE);
    const { hostname } = peer;
    const owner = {
      loginEnded: (link: Link) => this.#halfOpen.leave(hostname, link),
      ended: (link: Link) => this.#linkEnded(link),
    };
    const { loop } = this;
    const link = new Link(loop, fd, this.#node, peer, local, this.#buffer, owner, this.#replies);
    this.#links.add(link);
    const oldest = this.#halfOpen.enter(hostname, link);
    oldest?.connection.breakOff("there are too many connections from there that do not log in");
  }

  /** Ends a connection that is not logged in to a target; false if there is none. */
  #makeRoom(): boolean {
    const link = this.#halfOpen.expel();
    link?.connection.breakOff(`there are ${this.#links.size} connections, and it does not log in`);
    return link !== undefined;
  }

  #linkEnded(link: Link): void {
    this.#links.delete(link);
    this.#goOnStopping();
  }

  #tick(now: number): void {
    if (this.#stopping !== undefined && now >= this.#closeBy) {
      for (const session of [...this.#node.sessions]) session.drop("the server stops");
      this.#goOnStopping();
    }
    for (const portal of this.#portals.values()) portal.tick();
    this.devices.tick();
    for (const link of this.#links) link.tick(now);
  }

  #reportBug(error: unknown): void {
    this.#report("error", bugLine(error));
  }
}
