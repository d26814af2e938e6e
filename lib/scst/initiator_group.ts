/** SCST's `ini_groups`: initiators of a target that see LUNs of their own. */
import type { Pattern } from "./pattern.ts";

/** `L` is a set of LUNs. */
export interface InitiatorGroup<L> {
  readonly name: string;
  /** In the order in which they were added. */
  readonly initiators: readonly Pattern[];
  readonly luns: L;
}

/** Where the LUNs of an initiator are chosen: the groups in the order of their creation. */
export interface LunSource<L> {
  /** What those see whom no group has. */
  readonly luns: L;
  readonly groups: readonly InitiatorGroup<L>[];
}

/** The group that has an initiator, and the pattern that matched. */
export interface GroupMatch {
  readonly group: string;
  readonly pattern: string;
}

/** The LUNs of an initiator, and what decided on them. */
export interface LunChoice<L> {
  readonly luns: L;
  /** undefined if no group has the initiator. */
  readonly match: GroupMatch | undefined;
}

/** What decided on the LUNs of an initiator: its path in SCST's tree, from the target on. */
export function ruleOf(match: GroupMatch | undefined): string {
  return match === undefined ? "luns" : `ini_groups/${match.group}/initiators/${match.pattern}`;
}

/** The LUNs of the initiator `name`: the first pattern that matches decides. */
export function chooseLuns<L>({ groups, luns }: LunSource<L>, name: string): LunChoice<L> {
  for (const group of groups) {
    const pattern = group.initiators.find((candidate) => candidate.matches(name));
    if (pattern === undefined) continue;
    return { luns: group.luns, match: { group: group.name, pattern: pattern.text } };
  }
  return { luns, match: undefined };
}
