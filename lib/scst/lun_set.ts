/** A set of LUNs that some initiators of a target see; it knows the nexuses that see it. */
import type { TargetPort } from "../scsi/command.ts";
import type { LunAddressing } from "../scsi/lun.ts";
import { BlackHole } from "./black_hole.ts";
import type { Device } from "./device.ts";
import type { Nexus } from "./nexus.ts";

/** One LUN of a set. */
export interface LunEntry {
  readonly lun: number;
  readonly device: Device;
  /** Whether the device can only be read here. */
  readonly readOnly: boolean;
}

export class LunSet {
  /** How LUNs are written in REPORT LUNS. */
  addressing: LunAddressing;
  /** What is never answered of what its nexuses ask for. */
  blackHole: BlackHole = BlackHole.OFF;
  readonly nexuses: Set<Nexus> = new Set();
  #port: TargetPort;
  #entries = new Map<number, LunEntry>();

  /** `port` is that of the target, through which the devices are reached. */
  constructor(port: TargetPort, addressing: LunAddressing) {
    this.#port = port;
    this.addressing = addressing;
  }

  /** LUNs in the set. */
  get size(): number {
    return this.#entries.size;
  }

  /** The LUNs in the order in which they were added. */
  get entries(): Iterable<LunEntry> {
    return this.#entries.values();
  }

  /** Whether a device is in it, under whatever number. */
  has(device: Device): boolean {
    for (const entry of this.#entries.values()) if (entry.device === device) return true;
    return false;
  }

  /** Finds a LUN by its number. */
  find(lun: number): LunEntry | undefined {
    return this.#entries.get(lun);
  }

  /** Adds a LUN that is not there; who sees the set sees it after Nexus.regroup(). */
  add(lun: number, device: Device, readOnly = false): void {
    this.#entries.set(lun, { lun, device, readOnly });
    device.ports.add(this.#port);
  }

  /** Takes all LUNs out. */
  clear(): void {
    this.#entries.clear();
  }
}
