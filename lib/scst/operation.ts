/** What the core knows of a SCSI operation: a row of the opcode table. */
import type { Command } from "../scsi/command.ts";
import type { TypedRow } from "../scsi/device_type.ts";
import type { VirtualDisk } from "../vdisk/virtual_disk.ts";
import type { Access } from "./access.ts";
import type { PortAccess } from "./access_state.ts";
import type { CommandTimeouts } from "./command_timeouts.ts";
import type { LogicalUnit } from "./logical_unit.ts";
import type { Nexus } from "./nexus.ts";
import type { OperationTable } from "./operation_table.ts";
import type { TargetGroup } from "./target_group.ts";

/** A command as the core sees it: with the unit it is for and the row it was found in. */
export type CoreCommand = Command & {
  unit: LogicalUnit | undefined;
  operation: Operation | undefined;
};

export interface Operation extends TypedRow {
  /** Name of the command in the standard, for logs. */
  readonly name: string;
  /** OPERATION CODE. */
  readonly code: number;
  /** SERVICE ACTION (byte 1, bits 0 to 4), for the operation codes that have them. */
  readonly serviceAction?: number;
  /**
   * CDB usage data (SPC-5 6.35.3): the CDB with its operation code, and a one in every bit of it
   * that is evaluated, but for CONTROL, which is the same for all. Hex digits; its length is that of
   * the CDB.
   */
  readonly usage: string;
  /** Reads LBA, length and allocation length out of the CDB. */
  readonly decode?: (command: Command) => void;
  /** What it asks of a reserved unit, which may depend on its CDB; WRITE when left out. */
  readonly access?: Access | ((cdb: Uint8Array) => Access);
  /** How long initiators should wait for it; Timeouts.REGULAR when left out. */
  readonly timeouts?: CommandTimeouts | ((disk: VirtualDisk) => CommandTimeouts);
  /** How far the state of the target port has to let commands through; FULL when left out. */
  readonly portAccess?: PortAccess;
  /** Whether it changes the medium, so that write protection refuses it. */
  readonly changesMedium?: boolean;
  /** Whether it shows or compares what the medium holds: not after writes were lost (VirtualDisk.hasLost). */
  readonly readsMedium?: boolean;
  /** Whether nobody else may touch its blocks while it runs. */
  readonly exclusive?: boolean;
  /** Whether the disk executes it without a medium as well; what the core executes never needs one. */
  readonly withoutMedium?: boolean;
  /** Whether it runs in front of a unit attention condition (SAM-5 5.14). */
  readonly passesAttention?: boolean;
  /** Whether it runs while an ACA condition lasts, whoever sends it (SAM-5 5.9). */
  readonly passesAca?: boolean;
  /** Whether it runs while the medium is sanitized or formatted; what passes attentions does. */
  readonly passesUpkeep?: boolean;
  /** Whether a disk has it, through a target of this target group if any; all of them when left out. */
  readonly exists?: (disk: VirtualDisk, group?: TargetGroup) => boolean;
  /** Bytes of data-out that the CDB asks for; none when left out. */
  readonly out?: (command: Command, blockSize: number) => number;
  /** Checks before data is asked for; fails the command itself when it returns false. */
  readonly check?: (disk: VirtualDisk, command: Command) => boolean;
  /** Executes it on the virtual disk. */
  readonly onDisk?: (disk: VirtualDisk, command: Command) => void;
  /** Executes it in the core, which tells it the table that it stands in. */
  readonly onNexus?: (nexus: Nexus, command: CoreCommand, table: OperationTable) => void;
}
