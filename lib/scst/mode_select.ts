/** MODE SELECT (SPC-5 6.11, 6.12): for the disk, and so for everybody who uses it. */
import type { Command } from "../scsi/command.ts";
import { Sense } from "../scsi/sense.ts";
import { changeModes } from "../vdisk/change_modes.ts";
import { senseOfWrite } from "../vdisk/errno_sense.ts";
import { MODE_NAMES } from "../vdisk/mode_fields.ts";
import { readModeList } from "../vdisk/mode_list.ts";
import type { Nexus } from "./nexus.ts";
import type { CoreCommand } from "./operation.ts";

const PF = 0x10;
const SP = 0x01;

/** Checks a MODE SELECT before its parameter list is asked for: only pages of the standard are known. */
export function checkModeSelect(_disk: unknown, command: Command): boolean {
  if ((command.cdb[1]! & PF) !== 0) return true;
  command.failField(1, 4);
  return false;
}

/** Executes MODE SELECT 6 and 10. */
export function modeSelect(_nexus: Nexus, command: CoreCommand): void {
  const unit = command.unit!;
  const { disk, device } = unit;
  const before = disk.modes.current;
  const values = readModeList(disk, command);
  if (values === undefined) return;
  if (MODE_NAMES.some((name) => values[name] !== before[name])) {
    device.tellOthers(unit, Sense.MODE_PARAMETERS_CHANGED);
  }
  const save = (command.cdb[1]! & SP) !== 0;
  changeModes(disk, values, (flushed) => {
    if (flushed < 0) return command.fail(senseOfWrite(-flushed));
    if (!save) return command.succeed();
    disk.modes.save((saved) => {
      if (saved < 0) command.fail(Sense.HARDWARE_INTERNAL_TARGET_FAILURE);
      else command.succeed();
    });
  });
}
