/** The way of a command through the core: admission, data, execution (SAM-5 5.9). */
import { Sense } from "../scsi/sense.ts";
import { Stage } from "../scsi/stage.ts";
import { Attribute, Status } from "../scsi/status.ts";
import { absentInquiry } from "../vdisk/inquiry.ts";
import type { VirtualDisk } from "../vdisk/virtual_disk.ts";
import { statusDuringAca } from "./aca.ts";
import { Access, Barrier } from "./access.ts";
import { PortAccess, TRANSITIONING } from "./access_state.ts";
import type { LogicalUnit } from "./logical_unit.ts";
import type { Nexus } from "./nexus.ts";
import { OPERATION_TABLE } from "./opcodes.ts";
import type { CoreCommand, Operation } from "./operation.ts";

const INQUIRY = 0x12;
const REPORT_LUNS = 0xa0;
const REQUEST_SENSE = 0x03;
const SANITIZE = 0x48;

/**
 * Admits a command: finds its unit and its operation and makes all checks that need no data. Returns
 * false when the command has ended already. If not, the transport collects `wantedOut` bytes, as far
 * as the initiator has them, and calls executeCommand().
 */
export function admitCommand(nexus: Nexus, command: CoreCommand): boolean {
  const unit = nexus.units.get(command.lun);
  const table = unit === undefined ? OPERATION_TABLE : unit.operations;
  const operation = table.operationOf(command.cdb);
  command.operation = operation;
  command.unit = unit;
  command.readOnly = unit?.readOnly === true;
  if (unit === undefined) return admitAbsent(nexus, command, operation);
  if (unit.tasks.faulted !== undefined) {
    command.status = statusDuringAca(unit, command, operation);
    if (command.status !== Status.GOOD) {
      command.complete();
      return false;
    }
  }
  if (unit.isFull) {
    // SAM-5 5.3.1: of a nexus without a command in the task set it would not be true.
    command.status = unit.commands > 0 ? Status.TASK_SET_FULL : Status.BUSY;
    command.complete();
    return false;
  }
  unit.tasks.enter(command);
  // There is no condition that it could deal with (SAM-5 8.6.5).
  if (command.attribute === Attribute.ACA && unit.tasks.faulted === undefined) {
    return refuse(command, Sense.INVALID_MESSAGE_ERROR);
  }
  // A reset goes before a reservation conflict, that before everything else (SAM-5 5.3.3).
  const barred = unit.barrier !== Barrier.NONE && isBarred(unit, operation, command.cdb);
  if (
    unit.hasAttention && operation?.passesAttention !== true && (!barred || unit.hasResetAttention)
  ) {
    return refuse(command, unit.takeAttention()!);
  }
  if (barred) {
    command.conflict();
    return false;
  }
  const { disk } = unit;
  if (operation === undefined || !unit.has(operation)) {
    if (!table.hasServiceActions(command.cdb[0]!)) {
      return refuse(command, Sense.INVALID_COMMAND_OPERATION_CODE);
    }
    command.failField(1, 4); // SERVICE ACTION
    return false;
  }
  if (unit.portAccess !== PortAccess.FULL && isShut(unit, operation)) {
    const { state } = unit.portGroup!;
    // What has to wait for the end of a transition waits when its data has come.
    if (state !== TRANSITIONING) return refuse(command, state.sense);
  }
  if (disk.upkeep.sense !== Sense.NO_SENSE && !isInSpiteOfUpkeep(disk, operation)) {
    command.field = disk.upkeep.field;
    return refuse(command, disk.upkeep.sense);
  }
  const reserved = table.findReservedBit(operation, command.cdb);
  if (reserved >= 0) {
    command.failField(reserved >> 3, reserved & 7);
    return false;
  }
  operation.decode?.(command);
  command.exclusive = operation.exclusive === true;
  command.mediumChanges = disk.tray.changes;
  // As with SCST whether the tray is open or not: libiscsi's tools take 02/3A/01 and 02 for a failure.
  if (!disk.hasMedium && needsMedium(operation)) return refuse(command, disk.absence);
  if (operation.changesMedium === true && unit.protection !== Sense.NO_SENSE) {
    return refuse(command, unit.protection);
  }
  if (operation.check !== undefined && !operation.check(disk, command)) return false;
  if (operation.out !== undefined) command.wantedOut = operation.out(command, disk.blockSize);
  return true;
}

function refuse(command: CoreCommand, sense: number): false {
  command.fail(sense);
  return false;
}

function needsMedium(operation: Operation): boolean {
  return operation.onDisk !== undefined && operation.withoutMedium !== true;
}

/** Whether an operation is executed while the medium is sanitized or formatted, or after that failed. */
function isInSpiteOfUpkeep(disk: VirtualDisk, operation: Operation): boolean {
  if (operation.passesAttention === true || operation.passesUpkeep === true) return true;
  const failed = disk.upkeep.sense === Sense.SANITIZE_COMMAND_FAILED;
  return failed && operation.code === SANITIZE;
}

/** Whether a disk that has failed cannot execute an operation any more. */
function isInVain(disk: VirtualDisk, { changesMedium, readsMedium }: Operation): boolean {
  return changesMedium === true || readsMedium === true && disk.hasLost;
}

/** Whether the reservation of somebody else refuses an operation. */
function isBarred(
  unit: LogicalUnit,
  operation: Operation | undefined,
  cdb: Uint8Array,
): boolean {
  if (operation === undefined || !unit.has(operation)) return false;
  const { access = Access.WRITE } = operation;
  return (typeof access === "function" ? access(cdb) : access) >= unit.barrier;
}

/** Whether the access state of the target port refuses an operation, or has it wait. */
function isShut(unit: LogicalUnit, { portAccess = PortAccess.FULL }: Operation): boolean {
  return portAccess > unit.portAccess;
}

/** Commands that a LUN without a unit behind it answers (SPC-5 6.7.2, 6.33, 6.39). */
function admitAbsent(
  nexus: Nexus,
  command: CoreCommand,
  operation: Operation | undefined,
): boolean {
  const code = command.cdb[0];
  if (
    operation === undefined || code !== INQUIRY && code !== REPORT_LUNS && code !== REQUEST_SENSE
  ) {
    return refuse(command, Sense.LOGICAL_UNIT_NOT_SUPPORTED);
  }
  const reserved = OPERATION_TABLE.findReservedBit(operation, command.cdb);
  if (reserved >= 0) {
    command.failField(reserved >> 3, reserved & 7);
    return false;
  }
  operation.decode?.(command);
  if (code !== INQUIRY) operation.onNexus!(nexus, command, OPERATION_TABLE);
  else if ((command.cdb[1]! & 0x01) !== 0 || command.cdb[2] !== 0) command.failField(2);
  else command.respond(absentInquiry());
  return false;
}

/** Executes an admitted command whose data has come; it waits if its task set says so. */
export function executeCommand(command: CoreCommand): void {
  command.ready = true;
  if (command.times !== undefined) command.times.begin(Stage.TURN);
  if (command.enabled) runCommand(command);
}

/** Executes a command that may run. */
export function runCommand(command: CoreCommand): void {
  run(command, true);
}

/** Executes a command that has waited for the end of a transition, and waits no longer. */
export function resumeCommand(command: CoreCommand): void {
  run(command, false);
}

function run(command: CoreCommand, mayWait: boolean): void {
  const operation = command.operation!;
  const unit = command.unit!;
  if (unit.tasks.suspends(command)) return;
  if (unit.gate.isShut) return unit.gate.hold(command);
  // The reservation may have come while the command waited for its data or its turn.
  if (unit.barrier !== Barrier.NONE && isBarred(unit, operation, command.cdb)) {
    return command.conflict();
  }
  // So may have another access state, the upkeep, or another medium.
  if (unit.portAccess !== PortAccess.FULL && isShut(unit, operation)) {
    const { state } = unit.portGroup!;
    if (mayWait && state === TRANSITIONING) return unit.device.group!.hold(command);
    return command.fail(state.sense);
  }
  const { upkeep, tray, hasMedium } = unit.disk;
  if (upkeep.sense !== Sense.NO_SENSE && !isInSpiteOfUpkeep(unit.disk, operation)) {
    command.field = upkeep.field;
    return command.fail(upkeep.sense);
  }
  if (tray.changes !== command.mediumChanges && needsMedium(operation)) {
    return command.fail(hasMedium ? tray.lastChange : unit.disk.absence);
  }
  if (unit.disk.failure !== 0 && isInVain(unit.disk, operation)) {
    return command.fail(Sense.LOGICAL_UNIT_FAILURE);
  }
  if (command.times !== undefined) command.times.begin(Stage.STORE);
  try {
    if (operation.onNexus !== undefined) {
      operation.onNexus(unit.nexus, command, unit.operations);
    } else if (!unit.disk.locks.holds(command, runCommand)) {
      if (operation.changesMedium === true) unit.device.tokens.change(command);
      operation.onDisk!(unit.disk, command);
    }
  } catch (error) {
    command.crash(error);
  }
}
