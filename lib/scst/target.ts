/** A SCSI target device with its LUN map. */
import type { TargetPort } from "../scsi/command.ts";
import type { Device } from "./device.ts";
import type { Nexus } from "./nexus.ts";

export class Target {
  readonly name: string;
  readonly port: TargetPort;
  readonly nexuses: Set<Nexus> = new Set();
  #luns = new Map<number, Device>();

  /** `portName` is the SCSI name of its port, `relativeId` the RELATIVE TARGET PORT IDENTIFIER. */
  constructor(name: string, portName: string, relativeId: number) {
    this.name = name;
    this.port = { name: portName, relativeId };
  }

  /** The LUN map. */
  get luns(): ReadonlyMap<number, Device> {
    return this.#luns;
  }

  /** Puts a device into the LUN map. */
  addLun(lun: number, device: Device): void {
    this.#luns.set(lun, device);
    device.ports.add(this.port);
  }
}
