/** The initiators of a target's configuration: which patterns belong to which group. */
import { placeText } from "./paths.ts";
import type { RunningTarget } from "./running.ts";
import type { Session } from "./session.ts";
import { addInitiator, deleteInitiator, moveInitiator } from "./target_commands.ts";
import type { WantedGroup } from "./wanted.ts";

/**
 * Puts initiators into the groups that are wanted. Those in other groups or in none are moved and
 * removed with -force, else told of. Returns the number of changes. Rejects with Fatal and TreeError.
 */
export async function applyInitiators(
  session: Session,
  driver: string,
  target: string,
  wanted: ReadonlyMap<string, WantedGroup>,
  running: RunningTarget | undefined,
): Promise<number> {
  const goals = new Map(
    [...wanted].flatMap(([group, { initiators }]) =>
      initiators.map((pattern) => [pattern, group] as const)
    ),
  );
  const found = [...running?.groups ?? []].flatMap(([group, { initiators }]) =>
    initiators.map((pattern) => ({ pattern, group }))
  );
  const isSettled = ({ pattern, group }: Member) => goals.get(pattern) === group;
  /** Patterns that are where they belong, or that have to be left where they are. */
  const settled = new Set(found.filter(isSettled).map(({ pattern }) => pattern));
  let changes = 0;
  for (const member of found.filter((one) => !isSettled(one))) {
    const { pattern } = member;
    const goal = settled.has(pattern) ? undefined : goals.get(pattern);
    if (goal !== undefined) settled.add(pattern);
    if (session.flags.force) {
      await takeAway(session, driver, target, member, goal);
      changes++;
    } else {
      const title = `Initiator '${pattern}' of '${placeText({ driver, target, ...member })}'`;
      const what = goal === undefined ? "is not there" : `belongs to group '${goal}'`;
      const how = goal === undefined ? "remove" : "move";
      session.say(`${title} ${what} in the configuration. Use -force to ${how} it.`);
    }
  }
  for (const [pattern, group] of goals) {
    if (settled.has(pattern)) continue;
    const place = { driver, target, group };
    const what = `Adding initiator '${pattern}' to '${placeText(place)}'`;
    await session.must(what, addInitiator(place, pattern));
    changes++;
  }
  return changes;
}

/** A pattern in a group. */
interface Member {
  readonly pattern: string;
  readonly group: string;
}

/** Moves a pattern to the group `goal`, or removes it where there is none. */
async function takeAway(
  session: Session,
  driver: string,
  target: string,
  { pattern, group }: Member,
  goal: string | undefined,
): Promise<void> {
  const place = { driver, target, group };
  if (goal === undefined) {
    const what = `Removing initiator '${pattern}' from '${placeText(place)}'`;
    await session.must(what, deleteInitiator(place, pattern));
  } else {
    const what = `Moving initiator '${pattern}' from group '${group}' to group '${goal}'`;
    await session.must(what, moveInitiator(place, pattern, goal));
  }
}
