/** A logical unit as one initiator sees it (SAM-5: the I_T_L nexus). */
import { Sense } from "../scsi/sense.ts";
import type { VirtualDisk } from "../vdisk/virtual_disk.ts";
import { commandFailed } from "./aca.ts";
import { Barrier } from "./access.ts";
import { PortAccess } from "./access_state.ts";
import { insertAttention, RESET } from "./attention.ts";
import type { CommandFigures } from "./command_figures.ts";
import { CopyResults } from "./copy_results.ts";
import type { Device } from "./device.ts";
import { DriveEvents } from "./drive_events.ts";
import { runCommand } from "./execute.ts";
import type { Gate } from "./gate.ts";
import type { Nexus } from "./nexus.ts";
import { OPERATION_TABLES } from "./opcodes.ts";
import type { CoreCommand, Operation } from "./operation.ts";
import type { OperationTable } from "./operation_table.ts";
import type { TargetGroup } from "./target_group.ts";
import { TaskSet } from "./task_set.ts";

export class LogicalUnit {
  // What every command looks at comes first: with a thousand units it is the cache lines that count.
  /** What a device of its type executes. */
  readonly operations: OperationTable;
  readonly tasks: TaskSet;
  readonly disk: VirtualDisk;
  /** That of the device. */
  readonly gate: Gate;
  /** Whether this nexus can only read. */
  readonly readOnly: boolean;
  /** Commands of the nexus that are in the task set. */
  commands = 0;
  /** What reservations shut the nexus out from. */
  barrier: Barrier = Barrier.NONE;
  /** How far its state lets commands through. */
  portAccess: PortAccess = PortAccess.FULL;
  /** In the order in which they are reported; undefined where there are none. */
  #attentions: readonly number[] | undefined = undefined;
  /** What its commands came to; undefined before the first one. */
  figures: CommandFigures | undefined = undefined;

  readonly nexus: Nexus;
  readonly lun: number;
  readonly device: Device;
  readonly copies = new CopyResults();
  readonly events = new DriveEvents();
  /** Whether it was taken from the nexus; commands that the store works on may still be under way. */
  isDetached = false;
  /** The target group of the target, if the device is in a device group. */
  portGroup: TargetGroup | undefined = undefined;

  constructor(nexus: Nexus, lun: number, device: Device, readOnly: boolean) {
    this.nexus = nexus;
    this.lun = lun;
    this.readOnly = readOnly;
    this.device = device;
    this.disk = device.disk;
    this.gate = device.gate;
    this.operations = OPERATION_TABLES[device.disk.settings.type];
    this.tasks = device.tasks ?? new TaskSet(runCommand, commandFailed);
  }

  /** The sense of a command that would change the medium, which this nexus may not; else NO_SENSE. */
  get protection(): number {
    return this.readOnly ? Sense.WRITE_PROTECTED : this.disk.protection;
  }

  /** Whether its nexus has as many commands under way as the device lets it have. */
  get isFull(): boolean {
    return this.commands >= this.disk.commandsMost;
  }

  /** Whether the unit has an operation of the opcode table. */
  has(operation: Operation): boolean {
    return operation.exists?.(this.disk, this.portGroup) !== false;
  }

  /**
   * Forgets a command that was aborted while it waited at the gate, for the end of a transition or for
   * its blocks; tells whether it did.
   */
  forget(command: CoreCommand): boolean {
    return this.gate.forget(command) || this.device.group?.forget(command) === true ||
      this.disk.locks.forget(command);
  }

  /** Whether a command that has its data and its turn waits all the same, for what forget() says. */
  holds(command: CoreCommand): boolean {
    return this.gate.holds(command) || this.device.group?.isHolding(command) === true ||
      this.disk.locks.isWaiting(command);
  }

  get hasAttention(): boolean {
    return this.#attentions !== undefined;
  }

  /** Whether the next one says that the unit was reset: it goes before a reservation conflict. */
  get hasResetAttention(): boolean {
    return ((this.#attentions?.[0] ?? 0) >> 8 & 0xff) === RESET;
  }

  /** Establishes a unit attention condition, unless the same one is waiting already (SAM-5 5.14). */
  addAttention(sense: number): void {
    this.#attentions = insertAttention(this.#attentions ?? [], sense);
  }

  /**
   * Establishes a unit attention condition that the initiator is told of at once as well: a change of
   * the unit that it should not learn of by chance. The condition stays, for those who do not listen;
   * while it does nothing is said of it again.
   */
  announce(sense: number): void {
    if (this.isWaiting(sense)) return;
    this.addAttention(sense);
    this.nexus.announce(this, sense);
  }

  /** Whether a unit attention condition waits to be reported. */
  isWaiting(sense: number): boolean {
    return this.#attentions?.includes(sense) === true;
  }

  /** Takes the unit attention condition that comes first; it is cleared by being reported. */
  takeAttention(): number | undefined {
    const sense = this.#attentions?.[0];
    if (sense !== undefined) this.dropAttention(sense);
    if (sense === Sense.REPORTED_LUNS_DATA_CHANGED) this.nexus.forgetLunsChange();
    return sense;
  }

  /** Clears a unit attention condition that need not be reported any more. */
  dropAttention(sense: number): void {
    const others = this.#attentions?.filter((other) => other !== sense);
    this.#attentions = others?.length === 0 ? undefined : others;
  }
}
