/** REQUEST SENSE (SPC-5 6.39). */
import { encodeSense, Sense, SENSE_MOST } from "../scsi/sense.ts";
import { PortAccess } from "./access_state.ts";
import type { LogicalUnit } from "./logical_unit.ts";
import type { Nexus } from "./nexus.ts";
import type { CoreCommand } from "./operation.ts";

const DESC = 0x01;

/**
 * Executes REQUEST SENSE: a pending unit attention is returned as data, and cleared by that; if
 * there is none, what TEST UNIT READY would say.
 */
export function requestSense(_nexus: Nexus, command: CoreCommand): void {
  const { unit } = command;
  const code = unit === undefined
    ? Sense.LOGICAL_UNIT_NOT_SUPPORTED
    : unit.takeAttention() ?? senseOf(unit, command);
  const view = new DataView(new ArrayBuffer(SENSE_MOST));
  const length = encodeSense(view, 0, code, command, (command.cdb[1]! & DESC) !== 0);
  command.respond(new Uint8Array(view.buffer, 0, length));
}

/** What TEST UNIT READY would say of the unit. */
function senseOf({ portAccess, portGroup, disk }: LogicalUnit, command: CoreCommand): number {
  if (portAccess !== PortAccess.FULL) return portGroup!.state.sense;
  const { upkeep, hasMedium } = disk;
  if (upkeep.sense !== Sense.NO_SENSE) {
    command.field = upkeep.field;
    return upkeep.sense;
  }
  return hasMedium ? Sense.NO_SENSE : disk.absence;
}
