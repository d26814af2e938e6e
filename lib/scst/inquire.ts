/** INQUIRY (SPC-5 6.7), with what the target port group adds to what the disk says of itself. */
import { type PortGroup, Tpgs } from "../scsi/port_group.ts";
import { inquiry } from "../vdisk/inquiry.ts";
import type { LogicalUnit } from "./logical_unit.ts";
import type { Nexus } from "./nexus.ts";
import type { CoreCommand } from "./operation.ts";

/** Executes INQUIRY. */
export function inquire(_nexus: Nexus, command: CoreCommand): void {
  const unit = command.unit!;
  inquiry(unit.disk, command, portGroupOf(unit));
}

function portGroupOf({ portGroup, disk }: LogicalUnit): PortGroup | undefined {
  if (portGroup === undefined) return undefined;
  const { id, state } = portGroup;
  const tpgs = disk.settings.explAlua ? Tpgs.BOTH : Tpgs.IMPLICIT;
  return { id, tpgs, isConnected: state.isConnected };
}
