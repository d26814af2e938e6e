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

/** The LUNs of an initiator, and what decided on them. */
export interface LunChoice<L> {
  readonly luns: L;
  /** The group that has the initiator, and the pattern that matched; undefined if no group has it. */
  readonly match: { readonly group: string; readonly pattern: string } | undefined;
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
