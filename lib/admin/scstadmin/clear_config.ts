/** `-clear_config`: removes everything that was configured. */
import { type Command, exists } from "./command.ts";
import { readAttributes } from "./attributes.ts";
import { closeDevice } from "./apply_devices.ts";
import { deleteDeviceGroup, deleteMember, deleteTargetGroup } from "./device_commands.ts";
import { available, canAddTargets } from "./mgmt_help.ts";
import { driverOwner } from "./owners.ts";
import { COPY_MANAGER, driverPath, placeText } from "./paths.ts";
import { removeTarget } from "./remove_target.ts";
import { readRunning, type RunningTarget } from "./running.ts";
import type { Session } from "./session.ts";
import { setAttributes } from "./set_attributes.ts";
import { clearInitiators, clearLuns, deleteAttribute, deleteGroup } from "./target_commands.ts";

/** Rejects with Fatal and TreeError. */
export async function clearConfig(session: Session): Promise<void> {
  const { handlers, drivers, deviceGroups } = await readRunning(session.client);
  session.print("-> Clearing running configuration.");
  for (const [group, { devices, targetGroups }] of sorted(deviceGroups)) {
    for (const [name] of sorted(targetGroups)) {
      const what = `Removing target group '${group}/${name}'`;
      await session.must(what, deleteTargetGroup(group, name));
    }
    for (const device of devices) {
      const what = `Removing device '${device}' from device group '${group}'`;
      await session.must(what, deleteMember(group, device));
    }
    await session.must(`Removing device group '${group}'`, deleteDeviceGroup(group));
  }
  for (const [driver, targets] of sorted(drivers)) {
    // The copy manager loses its LUNs with the devices.
    if (driver === COPY_MANAGER) continue;
    for (const [target, one] of sorted(targets)) await clearTarget(session, driver, target, one);
    await clearDriver(session, driver);
  }
  for (const [handler, devices] of sorted(handlers)) {
    for (const device of devices) await closeDevice(session, handler, device);
  }
  for (const [driver] of sorted(drivers)) {
    if (!await exists(session.client, `${driverPath(driver)}/enabled`)) continue;
    const owner = await driverOwner(session.client, driver);
    await setAttributes(session, owner, new Map([["enabled", ["0"]]]));
  }
  session.say("Configuration cleared.");
}

async function clearTarget(
  session: Session,
  driver: string,
  target: string,
  { groups }: RunningTarget,
): Promise<void> {
  for (const [group] of sorted(groups)) {
    const place = { driver, target, group };
    const where = placeText(place);
    await session.must(`Removing all initiators from '${where}'`, clearInitiators(place));
    await session.must(`Removing all LUNs from '${where}'`, clearLuns(place));
    await session.must(`Removing group '${where}'`, deleteGroup(place));
  }
  const place = { driver, target };
  await session.must(`Removing all LUNs from '${placeText(place)}'`, clearLuns(place));
  if (!await canAddTargets(session.client, driver)) return;
  const problem = await removeTarget(session, driver, target);
  if (problem !== undefined) session.warn(problem.sentence);
}

async function clearDriver(session: Session, driver: string): Promise<void> {
  const { client } = session;
  if (!await canAddTargets(client, driver)) return;
  const names = await available(client, driverPath(driver), "driverDynamic");
  for (const { name, instances } of (await readAttributes(client, driverPath(driver))).values()) {
    if (!names.has(name)) continue;
    for (const { value } of instances) {
      const command: Command = deleteAttribute(driver, undefined, name, value);
      await session.must(`Removing an attribute ${name} from driver '${driver}'`, command);
    }
  }
}

function sorted<T>(entries: ReadonlyMap<string, T>): [string, T][] {
  return [...entries].sort(([a], [b]) => a < b ? -1 : 1);
}
