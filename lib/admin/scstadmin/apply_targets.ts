/** The targets of a configuration with what belongs to them, and the attributes of their drivers. */
import { readAttributes, valueOf } from "./attributes.ts";
import { applyInitiators } from "./apply_initiators.ts";
import { addLuns, removeLuns } from "./apply_luns.ts";
import { exists } from "./command.ts";
import { available, canAddTargets } from "./mgmt_help.ts";
import { driverOwner, groupOwner, targetOwner } from "./owners.ts";
import { COPY_MANAGER, driverPath, placeText, targetPath } from "./paths.ts";
import { removeTarget } from "./remove_target.ts";
import type { Running, RunningTarget } from "./running.ts";
import type { Session } from "./session.ts";
import { type AttributeOwner, setAttributes } from "./set_attributes.ts";
import { addGroup, addTarget, deleteGroup } from "./target_commands.ts";
import type { Values, Wanted, WantedDriver, WantedTarget } from "./wanted.ts";

/** Is set last of all, so that nobody logs in to what is half done. */
const ENABLED = "enabled";

/**
 * Removes the LUNs and groups that are not wanted, or tells of them. Returns the number of changes.
 * Rejects with Fatal and TreeError.
 */
export async function removeAssignments(
  session: Session,
  wanted: Wanted,
  running: Running,
): Promise<number> {
  let changes = 0;
  for (const [driver, targets] of running.drivers) {
    if (driver === COPY_MANAGER) continue;
    for (const [target, { luns, groups }] of targets) {
      const goal = wanted.drivers.get(driver)?.targets.get(target);
      changes += await removeLuns(session, { driver, target }, goal?.luns ?? new Map(), luns);
      for (const [group, one] of groups) {
        const place = { driver, target, group };
        const other = goal?.groups.get(group);
        changes += await removeLuns(session, place, other?.luns ?? new Map(), one.luns);
        if (other !== undefined) continue;
        if (session.flags.force) {
          await session.must(`Removing group '${placeText(place)}'`, deleteGroup(place));
          changes++;
        } else {
          const what = `Group '${placeText(place)}' is not in the configuration.`;
          session.say(`${what} Use -force to remove it.`);
        }
      }
    }
  }
  return changes;
}

/** Returns the number of changes. Rejects with Fatal and TreeError. */
export async function applyTargets(
  session: Session,
  wanted: Wanted,
  running: Running,
): Promise<number> {
  let changes = 0;
  for (const [driver, goal] of wanted.drivers) {
    const there = running.drivers.get(driver);
    if (there === undefined) {
      session.check({ sentence: `Target driver '${driver}' is not available` });
      continue;
    }
    changes += await removeTargets(session, driver, goal, there);
    for (const [target, one] of goal.targets) {
      changes += await applyTarget(session, driver, target, one, there.get(target));
    }
    const owner = await driverOwner(session.client, driver);
    const attributes = without(goal.attributes, ENABLED);
    changes += await setAttributes(session, owner, attributes, { isComplete: true });
  }
  return changes;
}

async function removeTargets(
  session: Session,
  driver: string,
  { targets }: WantedDriver,
  running: ReadonlyMap<string, RunningTarget>,
): Promise<number> {
  let changes = 0;
  const canRemove = await canAddTargets(session.client, driver);
  for (const target of running.keys()) {
    if (targets.has(target)) continue;
    if (session.flags.force && canRemove) {
      session.check(await removeTarget(session, driver, target));
      changes++;
    } else {
      const tail = canRemove ? " Use -force to remove it." : "";
      session.say(`Target '${target}' of driver '${driver}' is not in the configuration.${tail}`);
    }
  }
  return changes;
}

async function applyTarget(
  session: Session,
  driver: string,
  target: string,
  wanted: WantedTarget,
  running: RunningTarget | undefined,
): Promise<number> {
  let changes = 0;
  const known = await available(session.client, driverPath(driver), "create");
  if (running === undefined) {
    if (wanted.isHardware || !await canAddTargets(session.client, driver)) {
      session.check({ sentence: `Target '${target}' of driver '${driver}' does not exist` });
      return 0;
    }
    const parameters = new Map([...wanted.attributes].filter(([name]) => known.has(name)));
    const what = `Creating target '${target}' for driver '${driver}'`;
    const problem = await session.attempt(what, addTarget(driver, target, parameters));
    session.check(problem);
    if (problem !== undefined) return 0;
    changes++;
  }
  // Before the LUNs: addr_method says how they are reported.
  const owner = await targetOwner(session.client, driver, target);
  const attributes = without(wanted.attributes, ENABLED, ...known);
  changes += await setAttributes(session, owner, attributes, { isComplete: true });
  if (driver === COPY_MANAGER) return changes;
  const place = { driver, target };
  changes += await addLuns(session, place, wanted.luns, running?.luns ?? new Map());
  for (const [group, { luns, attributes }] of wanted.groups) {
    const there = running?.groups.get(group);
    const inner = { ...place, group };
    if (there === undefined) {
      await session.must(`Adding group '${placeText(inner)}'`, addGroup(inner));
      changes++;
    }
    changes += await addLuns(session, inner, luns, there?.luns ?? new Map());
    changes += await setAttributes(session, groupOwner(inner), attributes);
  }
  return changes + await applyInitiators(session, driver, target, wanted.groups, running);
}

/** Enables and disables targets, then drivers. Returns the number of changes. */
export async function applyEnabled(session: Session, wanted: Wanted): Promise<number> {
  const { client } = session;
  let changes = 0;
  for (const [driver, { targets }] of wanted.drivers) {
    for (const [target, { attributes }] of targets) {
      if (!await exists(client, targetPath(driver, target))) continue;
      const owner = await targetOwner(client, driver, target);
      changes += await setEnabled(session, owner, attributes);
    }
  }
  for (const [driver, { attributes }] of wanted.drivers) {
    if (!await exists(client, driverPath(driver))) continue;
    changes += await setEnabled(session, await driverOwner(client, driver), attributes);
  }
  return changes;
}

/** What is not enabled in the file is disabled, even where nothing else is removed. */
async function setEnabled(
  session: Session,
  owner: AttributeOwner,
  attributes: Values,
): Promise<number> {
  const [value = "0"] = attributes.get(ENABLED) ?? [];
  const now = valueOf(await readAttributes(session.client, owner.path), ENABLED);
  if (now === undefined || now === value) return 0;
  return await setAttributes(session, owner, new Map([[ENABLED, [value]]]));
}

function without(values: Values, ...names: readonly string[]): Values {
  return new Map([...values].filter(([name]) => !names.includes(name)));
}
