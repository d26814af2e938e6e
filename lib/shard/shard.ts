/** A shard: everything that one data isolate owns. Nothing in it is touched by anybody else. */
import { Memory } from "../../ffi/memory.ts";
import { READABLE } from "../../ffi/poller.ts";
import {
  closeSocket,
  localAddress,
  remoteAddress,
  takesIPv4,
  tuneSocket,
} from "../../ffi/socket.ts";
import { Accounts } from "../iscsi/accounts.ts";
import { Node, type Report } from "../iscsi/node.ts";
import { Device } from "../scst/device.ts";
import { DeviceGroup } from "../scst/device_group.ts";
import type { LunSet } from "../scst/lun_set.ts";
import { changeMedium, requestRemoval } from "../scst/medium_change.ts";
import {
  type DeviceGroupModel,
  type DeviceModel,
  type DriverModel,
  formatPortal,
  type LunModel,
  type PortalModel,
  type TargetGroupChange,
  type TargetModel,
} from "../scst/model.ts";
import { DeviceType } from "../scsi/device_type.ts";
import { AtomicJournal } from "../store/atomic_journal.ts";
import { leftoverRecords } from "../store/atomic_leftovers.ts";
import { IoPool, type IoPoolHandle } from "../store/io_pool.ts";
import { StateFile } from "../store/state_file.ts";
import { type Store, StoreError } from "../store/store.ts";
import { VirtualDisk } from "../vdisk/virtual_disk.ts";
import { HalfOpen } from "./half_open.ts";
import { Link, RECEIVE_LENGTH } from "./link.ts";
import { Loop } from "./loop.ts";
import { openDeviceStore, openMedium, settingsOf } from "./open_device.ts";
import { Portal } from "./portal.ts";

/** Milliseconds that initiators have to log out when the server stops. */
const LOGOUT_TIMEOUT = 2000;

/** Connections that a shard has at one time. */
const CONNECTIONS_MOST = 4096;

export class Shard {
  readonly loop: Loop;
  #node: Node;
  #pool: IoPool;
  #devices = new Map<string, Device>();
  #deviceGroups = new Map<string, DeviceGroup>();
  /** Paths of the journals of the devices. */
  #journals = new Set<string>();
  #portals = new Set<Portal>();
  #links = new Set<Link>();
  #halfOpen = new HalfOpen<Link>();
  /** What is still to be done when all connections have ended. */
  #stopping: (() => void) | undefined = undefined;
  /** When the connections are closed that have not ended by themselves. */
  #closeBy = 0;
  #buffer = new Memory(RECEIVE_LENGTH);
  #report: Report;
  /** Where the state of devices is kept. */
  #stateDir: string;

  /** `addWorker` starts one more I/O worker for `pool`; `report` takes lines for the log. */
  constructor(pool: IoPoolHandle, stateDir: string, addWorker: () => void, report: Report) {
    this.#stateDir = stateDir;
    this.#report = report;
    this.#node = new Node(report);
    this.loop = new Loop((now) => this.#tick(now), (error) => this.#reportBug(error));
    this.#pool = new IoPool(pool, {
      addWorker,
      lookIn: (milliseconds) => this.loop.after(milliseconds, () => this.#pool.look()),
      report: (error) => this.#reportBug(error),
    });
    this.loop.watch(this.#pool.wakeFd, READABLE, { ready: () => this.#pool.drain() });
  }

  /** Has the attributes of the driver hold from now on. */
  setDriver(driver: DriverModel): void {
    this.#node.driver = driver;
  }

  /**
   * Opens a device; `done` is called when it may be used, or with the error. Throws a StoreError when
   * its store cannot be opened.
   */
  addDevice(model: DeviceModel, done: (error: StoreError | undefined) => void): void {
    const store = openDeviceStore(model, this.#pool);
    if (model.nvCache) {
      const risk =
        "where the store has no such cache, a crash loses data that initiators believe safe";
      this.#report("warning", `device '${model.name}' has nv_cache: nothing is flushed; ${risk}`);
    }
    const settings = settingsOf(model);
    const stateFile = (kind: string) =>
      new StateFile(`${this.#stateDir}/${kind}`, model.name, this.#pool);
    const journal = settings.type === DeviceType.DISK ? this.#journalOf(store!, model) : undefined;
    const report = (line: string) => this.#report("error", line);
    const disk = new VirtualDisk(settings, store, this.#node.memory, stateFile, journal, report);
    const device = new Device(disk, stateFile, report);
    disk.recover((error) => {
      if (error === undefined) this.#devices.set(model.name, device);
      done(error);
    });
  }

  #journalOf({ identity }: Store, { name, filename }: DeviceModel): AtomicJournal | undefined {
    if (identity === undefined) return undefined;
    const journal = new AtomicJournal(this.#journalDir, identity, filename ?? name, this.#pool);
    this.#journals.add(journal.path);
    return journal;
  }

  get #journalDir(): string {
    return `${this.#stateDir}/atomic`;
  }

  /** Logs what was interrupted on media that no device has. */
  reportLeftovers(): void {
    for (const sentence of leftoverRecords(this.#journalDir, this.#journals)) {
      this.#report("warning", sentence);
    }
  }

  /**
   * Inserts an image into a drive in place of the one that is in, or takes that out. Throws a
   * StoreError when an initiator prevents it or the image cannot be opened; then all stays as it is.
   */
  setMedium(name: string, filename: string | undefined): void {
    const device = this.#devices.get(name)!;
    const [holder] = requestRemoval(device);
    if (holder !== undefined) {
      const who = holder.nexus.initiator;
      throw new StoreError(`Cannot change the medium: ${who} prevents its removal`);
    }
    changeMedium(device, filename === undefined ? undefined : openMedium(filename, this.#pool));
  }

  /** Adds a target with its groups and LUNs; its devices are there. */
  addTarget(model: TargetModel): void {
    const { name, relTgtId, attributes, luns, groups } = model;
    const target = this.#node.addTarget(name, attributes, relTgtId);
    this.#node.setAccounts(target, new Accounts(model));
    this.#addLuns(target.luns, luns);
    for (const group of groups) {
      const set = target.addGroup(group.name, group.initiators, group.addrMethod);
      this.#addLuns(set, group.luns);
    }
  }

  #addLuns(set: LunSet, luns: readonly LunModel[]): void {
    for (const { lun, device, readOnly } of luns) {
      set.add(lun, this.#devices.get(device)!, readOnly);
    }
  }

  /** Says which initiators share a discovery domain with a target; it may be gone. */
  setDomainInitiators(name: string, initiators: readonly string[] | undefined): void {
    const target = this.#node.findTarget(name);
    if (target === undefined) return;
    target.domainInitiators = initiators === undefined ? "unheard" : new Set(initiators);
  }

  /** Adds a device group; its devices and those of its targets that are not remote are there. */
  addDeviceGroup(model: DeviceGroupModel): void {
    const devices = model.devices.map((name) => this.#devices.get(name)!);
    const group = new DeviceGroup(model, devices, {
      lookIn: (milliseconds) => this.loop.after(milliseconds, () => group.look(performance.now())),
      report: (line) => this.#report("info", line),
    });
    this.#deviceGroups.set(model.name, group);
  }

  /** Changes a target group, both named; they are there. */
  changeTargetGroup(deviceGroup: string, targetGroup: string, change: TargetGroupChange): void {
    const group = this.#deviceGroups.get(deviceGroup)!;
    group.alter(group.findName(targetGroup)!, change);
  }

  /** Accepts connections on a listening descriptor. */
  addPortal(model: PortalModel, fd: number): void {
    this.#node.portals.push({ ...model, takesIPv4: takesIPv4(fd) });
    const accept = (socket: number) => this.#accept(socket);
    this.#portals.add(new Portal(this.loop, fd, accept, (line) => this.#report("warning", line)));
  }

  /**
   * Asks all initiators to log out, closes the sessions of those who do not, and flushes all devices;
   * `done` hears an error as a sentence.
   */
  stop(done: (error: string | undefined) => void): void {
    for (const portal of this.#portals) portal.close();
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
    const done = (error?: string) => this.loop.settleLater({ settle: () => answer(error) });
    let left = this.#devices.size;
    const failed: string[] = [];
    if (left === 0) return done(undefined);
    for (const [name, { disk }] of this.#devices) {
      disk.finish((result) => {
        if (result < 0) failed.push(name);
        if (--left > 0) return;
        done(failed.length === 0 ? undefined : `Cannot flush device ${failed.join(", ")}`);
      });
    }
  }

  #accept(fd: number): void {
    const peer = remoteAddress(fd);
    const local = localAddress(fd);
    if (peer === undefined || local === undefined) return closeSocket(fd); // gone already
    if (this.#links.size >= CONNECTIONS_MOST) {
      const text = `connection refused: there are ${CONNECTIONS_MOST} already`;
      this.#report("warning", `${text}: peer=${formatPortal(peer)}`);
      return closeSocket(fd);
    }
    tuneSocket(fd);
    const { hostname } = peer;
    const link = new Link(this.loop, fd, this.#node, peer, local, this.#buffer, {
      loginEnded: (link) => this.#halfOpen.leave(hostname, link),
      ended: (link) => this.#linkEnded(link),
    });
    this.#links.add(link);
    const oldest = this.#halfOpen.enter(hostname, link);
    oldest?.connection.breakOff("there are too many connections from there that do not log in");
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
    for (const portal of this.#portals) portal.tick();
    for (const link of this.#links) link.tick(now);
  }

  #reportBug(error: unknown): void {
    const text = error instanceof Error ? error.stack ?? error.message : String(error);
    this.#report("error", `bug: ${text}`);
  }
}
