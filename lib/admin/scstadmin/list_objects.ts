/** The objects that there are, as `-list_handler` and its like show them. */
import type { TreeClient } from "../tree_client.ts";
import { exists } from "./command.ts";
import { readAttributes } from "./attributes.ts";
import {
  type AttributeRow,
  attributeTable,
  column,
  rowTable,
  underlined,
  widest,
} from "./columns.ts";
import { devicePath, targetPath } from "./paths.ts";
import { directories, readLuns, readRunning, type RunningLuns } from "./running.ts";
import type { Session } from "./session.ts";

/** All of it rejects with a TreeError. */
export async function listHandlers(session: Session, handler: string): Promise<void> {
  const { handlers } = await readRunning(session.client);
  if (handler === "") {
    session.print(column("Handler", [...handlers.keys()].sort()));
  } else if (!handlers.has(handler)) {
    session.print(`There is no handler '${handler}'.`);
  } else {
    session.print(deviceTable(new Map([[handler, handlers.get(handler)!]])));
  }
}

export async function listDevices(session: Session, device: string): Promise<void> {
  if (device !== "") return await listDevice(session, device);
  session.print(deviceTable((await readRunning(session.client)).handlers));
}

export async function listDevice(session: Session, device: string): Promise<void> {
  if (!await exists(session.client, devicePath(device))) {
    session.print(`There is no device '${device}'.`);
    return;
  }
  const attributes = await readAttributes(session.client, devicePath(device));
  session.print(attributeTable(attributes.values(), session.flags.nonKey === true));
}

function deviceTable(handlers: ReadonlyMap<string, readonly string[]>): string {
  const sorted = [...handlers].toSorted(([a], [b]) => a < b ? -1 : 1)
    .map(([name, devices]) => [name, devices.length === 0 ? ["-"] : devices] as const);
  const left = widest(sorted.map(([name]) => name));
  const right = widest(sorted.flatMap(([, devices]) => devices));
  const rows = sorted.flatMap(([name, devices]) =>
    devices.toSorted().map((device, index) =>
      `${(index === 0 ? name : "").padEnd(left)}    ${device.padEnd(right)}`
    )
  );
  return underlined(
    `${"Handler".padEnd(left)}     ${"Device".padEnd(right)}`,
    left + right + 5,
    rows,
  );
}

export async function listDrivers(session: Session, driver: string): Promise<void> {
  const { drivers } = await readRunning(session.client);
  if (driver === "") session.print(column("Driver", [...drivers.keys()].sort()));
  else await listTargets(session, driver, "");
}

/** The targets of a driver, or of all; with the name of a target, what belongs to that. */
export async function listTargets(session: Session, driver: string, target: string): Promise<void> {
  if (driver !== "" && target !== "") return await listGroups(session, driver, target, "");
  const { drivers } = await readRunning(session.client);
  const found = [...drivers].filter(([name]) => driver === "" || name === driver)
    .toSorted(([a], [b]) => a < b ? -1 : 1);
  if (found.length === 0) {
    session.print(`There is no driver '${driver}'.`);
    return;
  }
  const left = widest(found.map(([name]) => name));
  const right = widest(found.flatMap(([, targets]) => [...targets.keys()]));
  const rows = found.flatMap(([name, targets]) =>
    [...targets.keys()].sort().filter((one) => target === "" || one === target).map((one, index) =>
      `${(index === 0 ? name : "").padEnd(left)} ${one.padEnd(right)}`
    )
  );
  session.print(
    underlined(`${"Driver".padEnd(left)} ${"Target".padEnd(right)}`, left + right + 1, rows),
  );
}

/** The LUNs and groups of targets; an empty name is every one. */
export async function listGroups(
  session: Session,
  driver: string,
  target: string,
  group: string,
): Promise<void> {
  const { drivers } = await readRunning(session.client);
  if (driver !== "" && target !== "" && group !== "") {
    const one = drivers.get(driver)?.get(target)?.groups.get(group);
    if (one === undefined) session.print(`There is no group '${driver}/${target}/${group}'.`);
    else session.print(lunsText(one.luns, `Group '${group}'`, one.initiators));
    return;
  }
  let isThere = false;
  for (const [name, targets] of [...drivers].toSorted(([a], [b]) => a < b ? -1 : 1)) {
    if (driver !== "" && name !== driver) continue;
    for (const [one, { luns, groups }] of [...targets].toSorted(([a], [b]) => a < b ? -1 : 1)) {
      if (target !== "" && one !== target) continue;
      isThere = true;
      session.print(`Driver: ${name}\nTarget: ${one}\n`);
      session.print(`${lunsText(luns, `Target '${name}/${one}'`, undefined)}\n`);
      for (const [inner, { luns, initiators }] of groups) {
        if (group !== "" && inner !== group) continue;
        session.print(`Group: ${inner}\n`);
        session.print(`${lunsText(luns, `Group '${inner}'`, initiators)}\n\n`);
      }
    }
  }
  const where = [driver, target].filter((name) => name !== "").join("/");
  if (!isThere) session.print(`There is no target${where === "" ? "" : ` in '${where}'`}.`);
}

function lunsText(
  luns: RunningLuns,
  title: string,
  initiators: readonly string[] | undefined,
): string {
  if (luns.size === 0 && (initiators ?? []).length === 0) {
    return `${title} has no LUNs${initiators === undefined ? "" : " and no initiators"}.`;
  }
  const right = widest([...luns.values()]);
  const rows = [...luns].toSorted(([a], [b]) => Number(a) - Number(b))
    .map(([lun, device]) => `${lun.padEnd(4)} ${device.padEnd(right)}`);
  const parts = ["Assigned LUNs:\n"];
  if (rows.length === 0) parts.push("\t(none)");
  else parts.push(underlined(`${"LUN".padEnd(4)} ${"Device".padEnd(right)}`, right + 5, rows));
  if (initiators === undefined) return parts.join("\n");
  parts.push("\nAssigned Initiators:\n");
  parts.push(initiators.length === 0 ? "\t(none)" : column("Initiator", initiators));
  return parts.join("\n");
}

export async function listDeviceGroups(session: Session, group: string): Promise<void> {
  const { deviceGroups } = await readRunning(session.client);
  if (group === "") {
    const names = [...deviceGroups.keys()].sort();
    session.print(underlined("Device Group", widest(names, 12), names.map((name) => `${name}\n`)));
    return;
  }
  const { devices = [], targetGroups = new Map() } = deviceGroups.get(group) ?? {};
  session.print(column("Devices", devices, 7));
  session.print(`\n${column("Target Groups", [...targetGroups.keys()].sort(), 12)}`);
}

export async function listTargetGroups(
  session: Session,
  group: string,
  targets: string,
): Promise<void> {
  const groups = (await readRunning(session.client)).deviceGroups.get(group)?.targetGroups;
  if (targets !== "") session.print(column("Targets", groups?.get(targets) ?? [], 7));
  else session.print(`\n${column("Target Groups", [...groups?.keys() ?? []].sort(), 12)}`);
}

export async function listSessions(session: Session): Promise<void> {
  const { client } = session;
  for (const [driver, targets] of (await readRunning(client)).drivers) {
    for (const target of targets.keys()) {
      session.print(`Driver/Target: ${driver}/${target}\n`);
      const path = `${targetPath(driver, target)}/sessions`;
      const names = directories(await client.list(path));
      if (names.length === 0) session.print("\t(no sessions)\n");
      for (const name of names) {
        session.print(`\tSession: ${name}\n`);
        session.print(`${rowTable(await sessionRows(client, `${path}/${name}`))}\n`);
      }
    }
  }
}

/** As in scstadmin, everything of a session is shown as writable; its LUNs are those of its set. */
async function sessionRows(client: TreeClient, path: string): Promise<AttributeRow[]> {
  const rows: AttributeRow[] = [];
  const luns = await exists(client, `${path}/luns`) ? await readLuns(client, `${path}/luns`) : [];
  for (const [lun, value] of luns) {
    rows.push({ name: `LUN ${lun}`, value, isWritable: true, isKey: false });
  }
  for (const { name, instances } of (await readAttributes(client, path)).values()) {
    for (const { value } of instances) rows.push({ name, value, isWritable: true, isKey: false });
  }
  return rows.toSorted((a, b) => a.name < b.name ? -1 : 1);
}
