/** LOG SELECT (SPC-5 6.8): resets counters. No parameter can be set, and none is saved. */
import type { Command } from "../scsi/command.ts";
import { Sense } from "../scsi/sense.ts";
import { LOG_PAGES } from "../vdisk/log_pages.ts";
import type { Nexus } from "./nexus.ts";
import type { CoreCommand } from "./operation.ts";

const PCR = 0x02;

/** Checks a LOG SELECT before its parameter list is asked for: there is nothing that one could set. */
export function checkLogSelect(_disk: unknown, command: Command): boolean {
  if (command.allocationLength === 0) return true;
  command.failField(7);
  return false;
}

/** Executes LOG SELECT. */
export function logSelect(_nexus: Nexus, command: CoreCommand): void {
  const { cdb } = command;
  const { disk, device } = command.unit!;
  const code = cdb[2]! & 0x3f;
  const pages = LOG_PAGES.filter((page) => page.exists(disk) && (code === 0 || page.code === code));
  if (pages.length === 0) return command.failField(2, 5);
  if (cdb[3] !== 0) return command.failField(3); // SUBPAGE CODE
  if ((cdb[1]! & PCR) === 0) return command.succeed();
  const counters = pages.flatMap((page) => page.countersOf?.(disk) ?? []);
  for (const statistics of counters) statistics.reset();
  if (counters.length > 0) device.tellOthers(command.unit!, Sense.LOG_PARAMETERS_CHANGED);
  command.succeed();
}
