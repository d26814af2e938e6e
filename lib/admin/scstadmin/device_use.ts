/** Who uses a device: the LUNs that it is exported as. */
import { exists } from "./command.ts";
import { COPY_MANAGER, devicePath } from "./paths.ts";
import { Fatal, type Session } from "./session.ts";

const LINK = /^(?:\.\.\/)*targets\/([^/]+)\/([^/]+)\/(?:ini_groups\/([^/]+)\/)?luns\/(\d+)$/;

/** Gives up if somebody but the copy manager has the device. Rejects with Fatal and TreeError. */
export async function checkUnused(session: Session, device: string): Promise<void> {
  const path = `${devicePath(device)}/exported`;
  if (!await exists(session.client, path)) return;
  const uses: string[] = [];
  for (const { target: link = "" } of await session.client.list(path)) {
    const [, driver, target, group, lun] = LINK.exec(link) ?? [];
    if (driver === undefined || driver === COPY_MANAGER) continue;
    const place = [driver, target, ...group === undefined ? [] : [group]].join("/");
    uses.push(`LUN ${lun} of ${place}`);
  }
  if (uses.length === 0) return;
  const what = `Device '${device}' is in use as ${uses.join(", ")}`;
  throw new Fatal(`${what}. Use -force to close it nevertheless`);
}
