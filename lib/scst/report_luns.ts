/** REPORT LUNS (SPC-5 6.33). */
import { encodeLun } from "../scsi/lun.ts";
import type { Nexus } from "./nexus.ts";
import type { CoreCommand } from "./operation.ts";

/** SELECT REPORT (SPC-5 table 294). */
const Select = { ADDRESSED: 0x00, WELL_KNOWN: 0x01, ALL: 0x02 } as const;

/** Executes REPORT LUNS with the LUN map of the nexus. */
export function reportLuns(nexus: Nexus, command: CoreCommand): void {
  const select = command.cdb[2]!;
  if (select > Select.ALL) return command.failField(2);
  if (command.allocationLength < 16) return command.failField(6);
  const luns = select === Select.WELL_KNOWN ? [] : [...nexus.units.keys()].sort((a, b) => a - b);
  const view = new DataView(new ArrayBuffer(8 + luns.length * 8));
  view.setUint32(0, luns.length * 8);
  luns.forEach((lun, index) => encodeLun(view, 8 + index * 8, lun, nexus.addressing));
  nexus.forgetLunsChange();
  command.respond(new Uint8Array(view.buffer));
}
