/**
 * Task management (SAM-5 7), and what it means for others: their commands end without a status, and
 * a unit attention condition tells of it, or with TASK ABORTED if TAS of the Control mode page is set
 * (SAM-5 5.6, SPC-5 7.5.10).
 */
import { Sense } from "../scsi/sense.ts";
import type { LogicalUnit } from "./logical_unit.ts";
import type { Nexus } from "./nexus.ts";

/** Aborts the commands of a unit because of something that another nexus did. */
export function abortForOther(unit: LogicalUnit): void {
  const reported = unit.disk.modes.current.TAS === 1;
  const count = unit.nexus.abortTasks(unit, { reported });
  if (count > 0 && !reported) unit.addAttention(Sense.COMMANDS_CLEARED);
}

/** ABORT TASK SET (SAM-5 7.3): the commands of the nexus. */
export function abortTaskSet(unit: LogicalUnit): void {
  unit.nexus.abortTasks(unit);
}

/** CLEAR TASK SET (SAM-5 7.5): all commands of the task set, whoever sent them. */
export function clearTaskSet(unit: LogicalUnit): void {
  unit.nexus.abortTasks(unit);
  for (const other of unit.device.users) {
    if (other !== unit && other.tasks === unit.tasks) abortForOther(other);
  }
}

/** CLEAR ACA (SAM-5 7.4): nothing happens unless the condition is that of the nexus. */
export function clearAca(unit: LogicalUnit): void {
  if (unit.tasks.faulted === unit) unit.tasks.clearAca();
}

/** LOGICAL UNIT RESET (SAM-5 7.6, 6.3.3): for everybody who uses the disk, through whatever target. */
export function resetLogicalUnit(unit: LogicalUnit): void {
  const { device, disk } = unit;
  const reportsAborts = disk.modes.current.TAS === 1;
  device.reset();
  for (const other of device.users) {
    other.nexus.abortTasks(other, { reported: reportsAborts && other.nexus !== unit.nexus });
    other.tasks.clearAca();
    other.addAttention(Sense.BUS_DEVICE_RESET);
  }
}

/** TARGET RESET (SAM-2 6.6): all units that the nexus has. */
export function resetTarget(nexus: Nexus): void {
  for (const unit of nexus.units.values()) resetLogicalUnit(unit);
}
