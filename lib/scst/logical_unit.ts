/** A logical unit as one initiator sees it (SAM-5: the I_T_L nexus). */
import type { VirtualDisk } from "../vdisk/virtual_disk.ts";
import type { Device } from "./device.ts";
import { runCommand } from "./execute.ts";
import type { Nexus } from "./nexus.ts";
import { TaskSet } from "./task_set.ts";

/** Unit attentions that are kept for a unit; more would mean that nobody asks. */
const ATTENTIONS_MOST = 16;

export class LogicalUnit {
  readonly nexus: Nexus;
  readonly lun: number;
  readonly device: Device;
  readonly disk: VirtualDisk;
  readonly tasks = new TaskSet(runCommand);
  #attentions: number[] = [];

  constructor(nexus: Nexus, lun: number, device: Device) {
    this.nexus = nexus;
    this.lun = lun;
    this.device = device;
    this.disk = device.disk;
  }

  get hasAttention(): boolean {
    return this.#attentions.length > 0;
  }

  /** Establishes a unit attention condition, unless the same one is waiting already (SAM-5 5.14). */
  addAttention(sense: number): void {
    if (this.#attentions.includes(sense)) return;
    if (this.#attentions.length < ATTENTIONS_MOST) this.#attentions.push(sense);
  }

  /** Takes the oldest unit attention condition; it is cleared by being reported. */
  takeAttention(): number | undefined {
    return this.#attentions.shift();
  }

  /** Clears all unit attention conditions, as a reset does before it establishes its own. */
  clearAttentions(): void {
    this.#attentions.length = 0;
  }
}
