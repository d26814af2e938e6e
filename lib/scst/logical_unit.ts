/** A logical unit as one initiator sees it (SAM-5: the I_T_L nexus). */
import type { VirtualDisk } from "../vdisk/virtual_disk.ts";
import { Barrier } from "./access.ts";
import { CopyResults } from "./copy_results.ts";
import type { Device } from "./device.ts";
import { runCommand } from "./execute.ts";
import type { Nexus } from "./nexus.ts";
import { TaskSet } from "./task_set.ts";

/** Unit attentions that are kept for a unit; more would mean that nobody asks. */
const ATTENTIONS_MOST = 16;

/** ADDITIONAL SENSE CODE of all that say so (SAM-5 5.3.3). */
const RESET = 0x29;

export class LogicalUnit {
  readonly nexus: Nexus;
  readonly lun: number;
  readonly device: Device;
  readonly disk: VirtualDisk;
  readonly tasks = new TaskSet(runCommand);
  readonly copies = new CopyResults();
  /** What reservations shut the nexus out from. */
  barrier: Barrier = Barrier.NONE;
  /** Whether this nexus does not let the medium be removed (SPC-5 6.16). */
  preventsRemoval = false;
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

  /** Whether the next one says that the unit was reset: it goes before a reservation conflict. */
  get hasResetAttention(): boolean {
    return ((this.#attentions[0] ?? 0) >> 8 & 0xff) === RESET;
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
