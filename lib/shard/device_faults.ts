/** The faults that the store of a device is to make, as its model says. */
import { type DeviceModel, printFault } from "../scst/model.ts";
import { FaultPlan } from "../store/fault_plan.ts";
import { FaultyStore } from "../store/faulty.ts";
import type { VirtualDisk } from "../vdisk/virtual_disk.ts";
import type { DeviceHost } from "./device_host.ts";

export class DeviceFaults {
  #disk: VirtualDisk;
  #host: DeviceHost;
  /** What is around the store if faults were wanted since that was opened. */
  #store: FaultyStore | undefined = undefined;

  constructor(disk: VirtualDisk, host: DeviceHost) {
    this.#disk = disk;
    this.#host = host;
  }

  /** Has the store make the faults that the model wants, and what hangs go on. */
  plan({ faults = [], blocksize }: DeviceModel): void {
    const disk = this.#disk;
    if (faults.length === 0 || !disk.isOpen) return this.end();
    if (this.#store === undefined) {
      disk.medium.wrap((store) => this.#store = new FaultyStore(store, this.#host.after));
    }
    this.#store!.plan = new FaultPlan(faults, blocksize);
    this.#warn(`makes FAULTS ON PURPOSE: ${faults.map(printFault).join("; ")}`);
  }

  /** Has the store make no faults any more; what hangs or is late goes on. */
  end(): void {
    const plan = this.#store?.plan;
    if (plan === undefined) return;
    this.#store!.plan = undefined;
    this.#warn(`makes no faults any more; it has made ${plan.made}`);
  }

  /** The same, and the store is about to be closed. */
  leave(): void {
    this.end();
    this.#store = undefined;
  }

  #warn(what: string): void {
    this.#host.report("warning", `device '${this.#disk.settings.name}' ${what}`);
  }
}
