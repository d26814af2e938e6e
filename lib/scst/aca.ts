/**
 * What a CHECK CONDITION does to other commands: auto contingent allegiance (SAM-5 5.9) when the
 * command asked for it with NACA, and QERR of the Control mode page (SPC-5 7.5.10). Commands that
 * the store works on already go on: nothing is undone that has begun.
 */
import { Attribute, Status } from "../scsi/status.ts";
import { hasNaca } from "./cdb_fields.ts";
import type { LogicalUnit } from "./logical_unit.ts";
import type { CoreCommand, Operation } from "./operation.ts";
import { abortForOther } from "./task_management.ts";

/** QUEUE ERROR MANAGEMENT (SPC-5 table 394). */
const Qerr = { KEEP: 0b00, ABORT_TASK_SET: 0b01, ABORT_NEXUS: 0b11 } as const;

/**
 * The status that a new command gets while an ACA condition lasts in its task set; GOOD if it may
 * enter (SAM-5 5.9.3 and 5.9.4).
 */
export function statusDuringAca(
  unit: LogicalUnit,
  command: CoreCommand,
  operation: Operation | undefined,
): number {
  if (operation?.passesAca === true) return Status.GOOD;
  const { tasks, disk } = unit;
  if (tasks.faulted === unit) {
    const mayEnter = command.attribute === Attribute.ACA && !tasks.hasAcaCommand &&
      disk.modes.current.TMF_ONLY === 0;
    return mayEnter ? Status.GOOD : Status.ACA_ACTIVE;
  }
  return hasNaca(command.cdb) ? Status.ACA_ACTIVE : Status.BUSY;
}

/** A command of a task set has ended with CHECK CONDITION. */
export function commandFailed(command: CoreCommand): void {
  const unit = command.unit!;
  if (unit.isDetached) return; // its initiator could not deal with the condition
  const { tasks, device, disk, nexus } = unit;
  const establishes = hasNaca(command.cdb);
  if (establishes) tasks.establishAca(unit);
  const { QERR } = disk.modes.current;
  if (QERR !== Qerr.KEEP) nexus.abortTasks(unit, { except: command });
  if (QERR === Qerr.ABORT_TASK_SET) {
    for (const other of device.users) {
      if (other !== unit && other.tasks === tasks) abortForOther(other);
    }
  }
  // A condition does not outlast the failure of a command that dealt with it (SAM-5 5.9.5).
  if (!establishes && command.attribute === Attribute.ACA) tasks.clearAca();
}
