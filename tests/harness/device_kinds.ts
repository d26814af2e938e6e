/** The types of device, each with its table of operations, examples of them and a rig to try them on. */
import { DeviceType } from "../../lib/scsi/device_type.ts";
import { OPERATION_TABLES } from "../../lib/scst/opcodes.ts";
import type { Operation } from "../../lib/scst/operation.ts";
import type { OperationTable } from "../../lib/scst/operation_table.ts";
import { CD_MOST, CdRig } from "./cd_rig.ts";
import { driveExampleOf } from "./drive_example.ts";
import { type Example, exampleOf } from "./example.ts";
import { filledRig } from "./filled_rig.ts";
import { type Rig, TARGET } from "./rig.ts";
import { targetGroup } from "./target_groups.ts";

export interface DeviceKind {
  readonly name: string;
  readonly table: OperationTable;
  /** A command of a row that succeeds behind prepare(). */
  exampleOf(row: Operation): Example;
  /** A device that has every command; it holds CONTENT, unless the row wants a DVD. */
  rigFor(row?: Operation): Rig;
}

/** A drive that has every command of its table. */
const GROUPED = { targetGroups: [targetGroup(1, [TARGET])] };

export const DEVICE_KINDS: readonly DeviceKind[] = [
  {
    name: "disk",
    table: OPERATION_TABLES[DeviceType.DISK],
    exampleOf: (row) => exampleOf(row),
    rigFor: () => filledRig(),
  },
  {
    name: "drive",
    table: OPERATION_TABLES[DeviceType.CD_ROM],
    exampleOf: driveExampleOf,
    rigFor: (row) => row?.name === "READ DISC STRUCTURE" ? dvdRig() : new CdRig(GROUPED),
  },
];

/** A drive with the smallest DVD in it. */
export function dvdRig(): CdRig {
  const rig = new CdRig(GROUPED);
  rig.insert(0, CD_MOST + 1);
  return rig;
}
