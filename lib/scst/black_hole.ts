/** SCST's `black_hole`: commands that are never answered, to see what initiators do about that. */
import type { LunSet } from "./lun_set.ts";
import type { Nexus } from "./nexus.ts";
import { OPERATION_TABLE } from "./opcodes.ts";
import type { CoreCommand } from "./operation.ts";
import { PortAccess } from "./access_state.ts";

/** What a set of LUNs swallows, as SCST numbers it. */
export const BlackHole = {
  OFF: 0,
  /** All commands; task management is answered. */
  COMMANDS: 1,
  ALL: 2,
  /** Commands that move data of the medium; others and task management are answered. */
  DATA: 3,
  DATA_AND_TASK_MANAGEMENT: 4,
} as const;
export type BlackHole = typeof BlackHole[keyof typeof BlackHole];

/**
 * Whether a command of a nexus whose LUNs swallow some is one of them; then it has its unit and its
 * operation, for those who abort it.
 */
export function isSwallowed({ units, blackHole }: Nexus, command: CoreCommand): boolean {
  const unit = units.get(command.lun);
  command.unit = unit;
  command.operation = (unit?.operations ?? OPERATION_TABLE).operationOf(command.cdb);
  return blackHole === BlackHole.COMMANDS || blackHole === BlackHole.ALL || movesData(command);
}

/** Whether task management functions are not answered either, nor done. */
export function swallowsTaskManagement({ blackHole }: Pick<LunSet, "blackHole">): boolean {
  return blackHole === BlackHole.ALL || blackHole === BlackHole.DATA_AND_TASK_MANAGEMENT;
}

/** What only those get who have full access to the medium, and what changes it. */
function movesData({ operation, expectedIn, expectedOut }: CoreCommand): boolean {
  if (operation === undefined) return false;
  const { changesMedium, onDisk, portAccess = PortAccess.FULL } = operation;
  if (changesMedium === true) return true;
  return onDisk !== undefined && portAccess === PortAccess.FULL && expectedIn + expectedOut > 0;
}
