/** What connections must not leave behind, and must not wait for. */
import assert from "node:assert/strict";
import type { Session } from "../../lib/iscsi/session.ts";
import type { Task } from "../../lib/iscsi/task.ts";
import type { Target } from "../../lib/scst/target.ts";

/** Fails if a line of the log tells of an exception, which is a bug whatever an initiator did. */
export function mustTellOfNoBug(log: readonly string[]): void {
  const bug = log.find((line) => /^error .*\bbug\b/.test(line));
  assert(bug === undefined, bug);
}

/** Fails if a target, or a group of it, still has a nexus. */
export function mustBeLeft({ nexuses, luns, groups }: Target): void {
  const sets = [luns, ...groups.map((group) => group.luns)];
  const left = [nexuses, ...sets.map((set) => set.nexuses)].map(({ size }) => size);
  assert(left.every((size) => size === 0), `nexuses that are left: ${left}`);
}

/** Whether it waits for its data, or for the end of an ACA condition that the initiator wanted. */
function waitsForInitiator(task: Task): boolean {
  if (task.unit?.tasks.faulted !== undefined) return true;
  return !task.ready && (task.unsolicited || task.r2tsSent > task.r2tsAnswered);
}

/** What is left when the store has done everything waits for its initiator; and the window says so. */
export function mustMoveOn({ tasks, window: { expCmdSN, maxCmdSN }, attributes }: Session): void {
  const list = [...tasks.values()];
  assert(list.length === 0 || list.some(waitsForInitiator), "tasks that wait for nothing");
  const taken = list.filter((task) => task.inWindow).length;
  const free = attributes.queuedCommands - taken;
  assert.equal((maxCmdSN - expCmdSN | 0) + 1, free, "the CmdSN window");
}
