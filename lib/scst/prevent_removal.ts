/** PREVENT ALLOW MEDIUM REMOVAL (SPC-5 6.16). */
import type { Nexus } from "./nexus.ts";
import type { CoreCommand } from "./operation.ts";

const PREVENT = 0x01;
/** The bit that only media changers had. */
const PREVENT_CHANGER = 0x02;

/**
 * Executes PREVENT ALLOW MEDIUM REMOVAL: as long as one nexus prevents it, nobody can
 * eject, and nobody can load what is ejected.
 */
export function preventRemoval(_nexus: Nexus, command: CoreCommand): void {
  const prevent = command.cdb[4]!;
  if ((prevent & PREVENT_CHANGER) !== 0) return command.failField(4, 1);
  const { preventers } = command.unit!.disk.tray;
  if ((prevent & PREVENT) !== 0) preventers.add(command.unit);
  else preventers.delete(command.unit);
  command.succeed();
}
