/** The LUNs of a target's configuration, and of its groups. */
import { readAttributes, valueOf } from "./attributes.ts";
import { differs, split } from "./apply_devices.ts";
import { available } from "./mgmt_help.ts";
import { devicePath, type LunPlace, lunsPath, placeText } from "./paths.ts";
import type { RunningLuns } from "./running.ts";
import type { Session } from "./session.ts";
import { addLun, deleteLun } from "./target_commands.ts";
import type { WantedLun } from "./wanted.ts";

type WantedLuns = ReadonlyMap<string, WantedLun>;

/** Adds the LUNs that are missing; returns how many. Rejects with Fatal and TreeError. */
export async function addLuns(
  session: Session,
  place: LunPlace,
  wanted: WantedLuns,
  running: RunningLuns,
): Promise<number> {
  let changes = 0;
  for (const [lun, { device, attributes }] of wanted) {
    if (running.has(lun)) continue;
    const what = `Adding device '${device}' at LUN ${lun} to '${placeText(place)}'`;
    await session.must(what, addLun(place, lun, device, attributes));
    changes++;
  }
  return changes;
}

/**
 * Removes the LUNs that are not wanted, and replaces those that are wanted otherwise; without -force
 * it tells of them. Returns the number of changes. Rejects with Fatal and TreeError.
 */
export async function removeLuns(
  session: Session,
  place: LunPlace,
  wanted: WantedLuns,
  running: RunningLuns,
): Promise<number> {
  let changes = 0;
  const where = placeText(place);
  for (const [lun, device] of running) {
    const other = wanted.get(lun);
    if (other?.device !== device) {
      if (session.flags.force) {
        await session.must(`Removing LUN ${lun} from '${where}'`, deleteLun(place, lun));
        changes++;
      } else {
        const what = `Device '${device}' at LUN ${lun} of '${where}' is not in the configuration.`;
        session.say(`${what} Use -force to remove it.`);
      }
      continue;
    }
    if (!await isOtherwise(session, place, lun, other)) continue;
    session.say(`Device '${device}' at LUN ${lun} of '${where}' is configured differently.`);
    if (!session.flags.force) {
      session.say("Use -force to add it anew, which takes it away from its initiators.");
      continue;
    }
    await session.must(`Removing LUN ${lun} from '${where}'`, deleteLun(place, lun));
    const what = `Adding device '${device}' at LUN ${lun} to '${where}'`;
    await session.must(what, addLun(place, lun, device, other.attributes));
    changes += 2;
  }
  return changes;
}

async function isOtherwise(
  session: Session,
  place: LunPlace,
  lun: string,
  { device, attributes }: WantedLun,
): Promise<boolean> {
  const known = await available(session.client, lunsPath(place), "create");
  const [parameters] = split(attributes, known);
  const existing = await readAttributes(session.client, `${lunsPath(place)}/${lun}`);
  if (!differs(parameters, existing, known)) return false;
  // A LUN of a device that is read only is so as well, whatever was asked for.
  if (!await isReadOnly(session, device)) return true;
  const others = <T>(map: ReadonlyMap<string, T>) =>
    new Map([...map].filter(([name]) => name !== "read_only"));
  return differs(others(parameters), others(existing), known);
}

async function isReadOnly({ client }: Session, device: string): Promise<boolean> {
  const attributes = await readAttributes(client, devicePath(device));
  const isCd = valueOf(attributes, "type")?.startsWith("5 ") === true;
  return isCd || valueOf(attributes, "read_only") === "1";
}
