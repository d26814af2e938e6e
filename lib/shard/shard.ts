/** A shard: everything that one data isolate owns. Nothing in it is touched by anybody else. */
import { Memory } from "../../ffi/memory.ts";
import { READABLE } from "../../ffi/poller.ts";
import { closeSocket, localAddress, remoteAddress, tuneSocket } from "../../ffi/socket.ts";
import { Node, type Report } from "../iscsi/node.ts";
import { Device } from "../scst/device.ts";
import type { DeviceModel, DriverModel, PortalModel, TargetModel } from "../scst/model.ts";
import { IoPool, type IoPoolHandle } from "../store/io_pool.ts";
import { StateFile } from "../store/state_file.ts";
import { flush } from "../vdisk/synchronize_cache.ts";
import { VirtualDisk } from "../vdisk/virtual_disk.ts";
import { Link, RECEIVE_LENGTH } from "./link.ts";
import { Loop } from "./loop.ts";
import { openDeviceStore, settingsOf } from "./open_device.ts";
import { Portal } from "./portal.ts";

/** Connections that a shard has at one time. */
const CONNECTIONS_MOST = 4096;

export class Shard {
  readonly loop: Loop;
  #node: Node;
  #pool: IoPool;
  #devices = new Map<string, Device>();
  #portals = new Set<Portal>();
  #links = new Set<Link>();
  #buffer = new Memory(RECEIVE_LENGTH);
  #report: Report;
  /** Where the state of devices is kept. */
  #stateDir: string;

  constructor(pool: IoPoolHandle, stateDir: string, report: Report) {
    this.#stateDir = stateDir;
    this.#report = report;
    this.#node = new Node(report);
    this.loop = new Loop((now) => this.#tick(now), (error) => this.#reportBug(error));
    this.#pool = new IoPool(pool, (error) => this.#reportBug(error));
    this.loop.watch(this.#pool.wakeFd, READABLE, { ready: () => this.#pool.drain() });
  }

  /** Has the attributes of the driver hold from now on. */
  setDriver(driver: DriverModel): void {
    this.#node.driver = driver;
  }

  /** Opens a device. Throws a StoreError when its store cannot be opened. */
  addDevice(model: DeviceModel): void {
    const store = openDeviceStore(model, this.#pool);
    if (model.nvCache) {
      const risk =
        "where the store has no such cache, a crash loses data that initiators believe safe";
      this.#report("warning", `device '${model.name}' has nv_cache: nothing is flushed; ${risk}`);
    }
    const settings = settingsOf(model);
    const stateFile = (kind: string) =>
      new StateFile(`${this.#stateDir}/${kind}`, model.name, this.#pool);
    const report = (line: string) => this.#report("error", line);
    const disk = new VirtualDisk(settings, store, this.#node.memory, stateFile, report);
    this.#devices.set(model.name, new Device(disk, stateFile, report));
  }

  /** Adds a target with its LUN map; its devices are there. */
  addTarget(model: TargetModel): void {
    const target = this.#node.addTarget(model.name);
    for (const { lun, device } of model.luns) target.addLun(lun, this.#devices.get(device)!);
  }

  /** Accepts connections on a listening descriptor. */
  addPortal(model: PortalModel, fd: number): void {
    this.#node.portals.push(model);
    const accept = (socket: number) => this.#accept(socket);
    this.#portals.add(new Portal(this.loop, fd, accept, (line) => this.#report("warning", line)));
  }

  /** Closes all sessions and flushes all devices; `done` hears an error as a sentence. */
  stop(done: (error: string | undefined) => void): void {
    for (const portal of this.#portals) portal.close();
    this.#portals.clear();
    for (const link of this.#links) link.connection.finish();
    let left = this.#devices.size;
    const failed: string[] = [];
    if (left === 0) return done(undefined);
    for (const [name, { disk }] of this.#devices) {
      flush(disk, (result) => {
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
      this.#report("warning", `${text}: peer=${peer.hostname}:${peer.port}`);
      return closeSocket(fd);
    }
    tuneSocket(fd);
    const ended = (link: Link) => this.#links.delete(link);
    this.#links.add(new Link(this.loop, fd, this.#node, peer, local, this.#buffer, ended));
  }

  #tick(now: number): void {
    for (const portal of this.#portals) portal.tick();
    for (const link of this.#links) link.tick(now);
  }

  #reportBug(error: unknown): void {
    const text = error instanceof Error ? error.stack ?? error.message : String(error);
    this.#report("error", `bug: ${text}`);
  }
}
