/** PREVENT ALLOW MEDIUM REMOVAL (SPC-5 6.16, MMC-6). */
import { DeviceType } from "../scsi/device_type.ts";
import type { Nexus } from "./nexus.ts";
import type { CoreCommand } from "./operation.ts";

const PREVENT = 0x01;
/** On other devices than drives for CDs a bit that only media changers had. */
const PERSISTENT = 0x02;

/**
 * Executes PREVENT ALLOW MEDIUM REMOVAL: as long as one nexus prevents it, nobody can eject, and nobody
 * can load what is ejected. The Persistent Prevent state of drives for CDs is another one: initiators
 * still eject, but the operator does not.
 */
export function preventRemoval(_nexus: Nexus, command: CoreCommand): void {
  const prevent = command.cdb[4]!;
  const { settings, tray } = command.unit!.disk;
  const isPersistent = (prevent & PERSISTENT) !== 0;
  if (isPersistent && settings.type !== DeviceType.CD_ROM) return command.failField(4, 1);
  const who = isPersistent ? tray.persistentPreventers : tray.preventers;
  if ((prevent & PREVENT) !== 0) who.add(command.unit);
  else who.delete(command.unit);
  command.succeed();
}
