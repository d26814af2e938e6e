/** A device of the core: a virtual disk and everybody who uses it, through whatever target. */
import type { TargetPort } from "../scsi/command.ts";
import { DEFERRED } from "../scsi/sense.ts";
import type { StateFile } from "../store/state_file.ts";
import { changeModes } from "../vdisk/change_modes.ts";
import type { VirtualDisk } from "../vdisk/virtual_disk.ts";
import { commandFailed } from "./aca.ts";
import { CommandCounters } from "./command_counters.ts";
import { DeviceClock } from "./device_clock.ts";
import type { DeviceGroup } from "./device_group.ts";
import { runCommand } from "./execute.ts";
import { Gate } from "./gate.ts";
import { IdentifyingInformation } from "./identifying_information.ts";
import type { LogicalUnit } from "./logical_unit.ts";
import { RodTokens } from "./odx_tokens.ts";
import { Reservations } from "./reservations.ts";
import { clearAca } from "./task_management.ts";
import { TaskSet } from "./task_set.ts";

export class Device {
  readonly disk: VirtualDisk;
  /** The disk as each nexus that has it in its LUN map sees it. */
  readonly users: Set<LogicalUnit> = new Set();
  /** The target ports through which it is reached. */
  readonly ports: Set<TargetPort> = new Set();
  readonly reservations: Reservations;
  readonly information: IdentifyingInformation;
  readonly clock = new DeviceClock();
  /** Where commands wait while an administrator has execution stand still. */
  readonly gate = new Gate(runCommand);
  /** Resets so far: a copy that began before one does not go on after it. */
  resets = 0;
  readonly tokens = new RodTokens();
  /** Counts what copies read and write, here and on other devices. */
  readonly copyCounters: CommandCounters;
  /** The task set of all nexuses together (TST 000b); undefined when each has its own. */
  readonly tasks: TaskSet | undefined;
  /** The device group that it is in. */
  group: DeviceGroup | undefined = undefined;

  /**
   * `stateFile` opens the file of the device for a kind of state, by the name of its directory;
   * `report` takes a line for the log. Throws a StoreError when what a file keeps cannot be read.
   */
  constructor(
    disk: VirtualDisk,
    stateFile: (kind: string) => StateFile,
    report: (line: string) => void,
    copyCounters = new CommandCounters(),
  ) {
    this.disk = disk;
    this.copyCounters = copyCounters;
    // Nobody can tell whose writes they were: every nexus hears of it once (SPC-5 4.4, deferred errors).
    disk.onLoss = (sense) => this.announce(DEFERRED | sense);
    this.tasks = disk.settings.tst === 0 ? new TaskSet(runCommand, commandFailed) : undefined;
    this.reservations = new Reservations(this, stateFile("pr"), report);
    this.information = new IdentifyingInformation(stateFile("identifying_information"), report);
  }

  /** Takes in the unit of a nexus that begins. */
  enter(unit: LogicalUnit): void {
    this.users.add(unit);
    unit.barrier = this.reservations.barrierFor(unit.nexus);
    this.group?.enter(unit);
  }

  /** The nexus of a unit is lost, or the unit is taken from it. */
  leave(unit: LogicalUnit): void {
    this.users.delete(unit);
    this.disk.tray.forget(unit);
    clearAca(unit); // others may share its task set
    const { nexus } = unit;
    const isElsewhere = !nexus.isEnded && [...this.users].some((other) => other.nexus === nexus);
    if (!isElsewhere) this.reservations.loseNexus(nexus);
  }

  /** Establishes a unit attention condition for everybody, and tells them at once. */
  announce(sense: number): void {
    for (const unit of this.users) unit.announce(sense);
  }

  /** Establishes a unit attention condition for everybody but `unit`, who caused it. */
  tellOthers(unit: LogicalUnit, sense: number): void {
    for (const other of this.users) if (other !== unit) other.addAttention(sense);
  }

  /**
   * What a reset of the logical unit undoes beside its commands: mode parameters that were not saved
   * (SPC-5 5.13), the prevention of medium removal (SPC-5 6.16), RESERVE (SPC-2 5.5.1) and
   * what is known of copies (SPC-4 6.24).
   */
  reset(): void {
    this.resets++;
    this.reservations.reset();
    this.disk.tray.unlock();
    for (const unit of this.users) unit.copies.clear();
    changeModes(this.disk, this.disk.modes.saved, () => {});
  }
}
