/** A SCSI target device with its LUN map. */
import type { TargetPort } from "../scsi/command.ts";
import type { Device } from "./device.ts";
import type { Nexus } from "./nexus.ts";

export class Target {
  readonly name: string;
  readonly port: TargetPort;
  readonly luns: Map<number, Device> = new Map();
  readonly nexuses: Set<Nexus> = new Set();

  /** `portName` is the SCSI name of its port, `relativeId` the RELATIVE TARGET PORT IDENTIFIER. */
  constructor(name: string, portName: string, relativeId: number) {
    this.name = name;
    this.port = { name: portName, relativeId };
  }
}
