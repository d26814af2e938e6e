/** What is configured now: the objects of the management tree, without their attributes. */
import type { TreeClient, TreeEntry } from "../tree_client.ts";
import {
  DEVICE_GROUPS,
  deviceGroupPath,
  driverPath,
  handlerPath,
  initiatorsPath,
  lunsPath,
  targetGroupPath,
  targetPath,
} from "./paths.ts";

/** Devices by LUN, a decimal number. */
export type RunningLuns = ReadonlyMap<string, string>;

export interface RunningGroup {
  readonly luns: RunningLuns;
  /** Patterns in the order of their addition. */
  readonly initiators: readonly string[];
}

export interface RunningTarget {
  readonly luns: RunningLuns;
  /** In the order in which SCST searches them. */
  readonly groups: ReadonlyMap<string, RunningGroup>;
}

export interface RunningDeviceGroup {
  readonly devices: readonly string[];
  /** The targets of each target group. */
  readonly targetGroups: ReadonlyMap<string, readonly string[]>;
}

export interface Running {
  /** The devices of each handler. */
  readonly handlers: ReadonlyMap<string, readonly string[]>;
  /** The targets of each driver. */
  readonly drivers: ReadonlyMap<string, ReadonlyMap<string, RunningTarget>>;
  readonly deviceGroups: ReadonlyMap<string, RunningDeviceGroup>;
}

/** What `client` shows. Rejects with a TreeError. */
export async function readRunning(client: TreeClient): Promise<Running> {
  client.refresh?.();
  return {
    handlers: await mapOf(directories(await client.list("handlers")), async (handler) => {
      const entries = await client.list(handlerPath(handler));
      return entries.filter(({ kind }) => kind === "link").map(({ name }) => name);
    }),
    drivers: await mapOf(
      directories(await client.list("targets")),
      async (driver) =>
        await mapOf(
          directories(await client.list(driverPath(driver))),
          (target) => readTarget(client, driver, target),
        ),
    ),
    deviceGroups: await mapOf(
      directories(await client.list(DEVICE_GROUPS)),
      async (group) => ({
        devices: members(await client.list(`${deviceGroupPath(group)}/devices`)),
        targetGroups: await mapOf(
          directories(await client.list(`${deviceGroupPath(group)}/target_groups`)),
          async (targets) => members(await client.list(targetGroupPath(group, targets))),
        ),
      }),
    ),
  };
}

/** The device that each LUN of the directory `luns` is of. Rejects with a TreeError. */
export async function readLuns(client: TreeClient, path: string): Promise<RunningLuns> {
  const numbers = directories(await client.list(path)).filter((name) => /^\d+$/.test(name));
  return await mapOf(numbers, async (lun) => {
    const link = (await client.list(`${path}/${lun}`)).find(({ kind }) => kind === "link");
    return link?.target?.split("/").at(-1) ?? "";
  });
}

/** The patterns of a group. Rejects with a TreeError. */
async function readInitiators(client: TreeClient, path: string): Promise<string[]> {
  const entries = await client.list(path);
  return entries.map(({ name }) => name).filter((name) => name !== "mgmt");
}

async function readTarget(
  client: TreeClient,
  driver: string,
  target: string,
): Promise<RunningTarget> {
  const groups = directories(await client.list(`${targetPath(driver, target)}/ini_groups`));
  return {
    luns: await readLuns(client, lunsPath({ driver, target })),
    groups: await mapOf(groups, async (group) => {
      const place = { driver, target, group };
      return {
        luns: await readLuns(client, lunsPath(place)),
        initiators: await readInitiators(client, initiatorsPath(place)),
      };
    }),
  };
}

/** The names of the entries that are directories. */
export function directories(entries: readonly TreeEntry[]): string[] {
  return entries.filter(({ kind }) => kind === "directory").map(({ name }) => name);
}

/** Links to objects of this node, and directories of objects of others. */
function members(entries: readonly TreeEntry[]): string[] {
  return entries.filter(({ kind }) => kind !== "file").map(({ name }) => name);
}

async function mapOf<T>(
  names: readonly string[],
  read: (name: string) => Promise<T>,
): Promise<Map<string, T>> {
  const found = new Map<string, T>();
  for (const name of names) found.set(name, await read(name));
  return found;
}
