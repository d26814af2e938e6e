/** The devices of a shard, by name. */
import type { Device } from "../scst/device.ts";
import type { DeviceModel } from "../scst/model.ts";
import { leftoverRecords } from "../store/atomic_leftovers.ts";
import { type Done, OperationError } from "./operation_error.ts";
import type { DeviceHost } from "./device_host.ts";
import { prDirectoryOf } from "./device_state.ts";
import type { DeviceView } from "./device_view.ts";
import { PrFiles } from "./pr_files.ts";
import { ServedDevice } from "./served_device.ts";

export class Devices {
  #host: DeviceHost;
  #prFiles: PrFiles;
  #devices = new Map<string, ServedDevice>();

  constructor(host: DeviceHost) {
    this.#host = host;
    this.#prFiles = new PrFiles(prDirectoryOf(host.stateDir));
  }

  /** Finds a device that can be changed. Throws an OperationError if it is not there, or is being changed. */
  get(name: string): ServedDevice {
    const served = this.#devices.get(name);
    if (served?.isBusy === true) throw new OperationError(`Device '${name}' is being changed`);
    this.deviceOf(name);
    return served!;
  }

  /** What a device is like now. Throws an OperationError if it is not there, or is about to go. */
  viewOf(name: string): DeviceView {
    this.deviceOf(name);
    return this.#devices.get(name)!.view;
  }

  /** Finds a device that can be used. Throws an OperationError if it is not there, or is about to go. */
  deviceOf(name: string): Device {
    const served = this.#devices.get(name);
    if (served?.isThere !== true) throw new OperationError(`There is no device '${name}'`);
    return served.device;
  }

  /**
   * Opens a device; `done` hears when it may be used, or why not. Throws a StoreError when its store cannot
   * be opened.
   */
  add(model: DeviceModel, done: Done): void {
    const { name } = model;
    if (this.#devices.has(name)) throw new OperationError(`There is a device '${name}' already`);
    const served = new ServedDevice(model, this.#host, this.#prFiles);
    this.#devices.set(name, served);
    try {
      served.recover((error) => {
        if (error !== undefined) this.#devices.delete(name);
        done(error);
      });
    } catch (error) {
      this.#devices.delete(name);
      throw error;
    }
  }

  /** Ends a device that nobody has as a LUN; `done` hears when it is closed. */
  remove(name: string, done: Done): void {
    this.get(name).remove((error) => {
      this.#devices.delete(name);
      done(error);
    });
  }

  /** Those that can be used. */
  get all(): Device[] {
    const there = [...this.#devices.values()].filter(({ isThere }) => isThere);
    return there.map(({ device }) => device);
  }

  /** What all of them are like now, by name; those as well that are about to come or to go. */
  get views(): ReadonlyMap<string, DeviceView> {
    return new Map(Array.from(this.#devices, ([name, { view }]) => [name, view]));
  }

  /** Looks after the devices once a second. */
  tick(): void {
    for (const served of this.#devices.values()) served.tick();
  }

  /** Logs what was interrupted on media that no device has. */
  reportLeftovers(): void {
    const { journalDir, journals, report } = this.#host;
    for (const sentence of leftoverRecords(journalDir, journals)) report("warning", sentence);
  }

  /** Flushes all of them for the last time; `done` hears which cannot be, as a sentence. */
  finish(done: (error?: string) => void): void {
    let left = this.#devices.size;
    const failed: string[] = [];
    if (left === 0) return done(undefined);
    for (const [name, served] of this.#devices) {
      served.endFaults(); // what hangs on purpose must not hold up the end
      served.device.disk.finish((result) => {
        if (result < 0) failed.push(name);
        if (--left > 0) return;
        done(failed.length === 0 ? undefined : `Cannot flush device ${failed.join(", ")}`);
      });
    }
  }
}
