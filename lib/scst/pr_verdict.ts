/** What a PERSISTENT RESERVE OUT comes to: a new state with its consequences, or why not. */
import type { Command } from "../scsi/command.ts";
import { isSameNexus, type NexusId, type PrState } from "./pr_state.ts";

/** A unit attention condition for a nexus. */
export interface Notice {
  readonly nexus: NexusId;
  readonly sense: number;
}

export interface Change {
  readonly state: PrState;
  readonly notices: readonly Notice[];
  /** Nexuses whose commands are aborted. */
  readonly aborted: readonly NexusId[];
}

/** Ends the command that cannot be. */
export type Refusal = (command: Command) => void;

export type Verdict = Change | Refusal;

export const conflict: Refusal = (command) => command.conflict();

/** INVALID FIELD IN PARAMETER LIST. */
export function badParameter(byte: number, bit = 7): Refusal {
  return (command) => command.failParameter(byte, bit);
}

/** INVALID FIELD IN CDB. */
export function badField(byte: number, bit = 7): Refusal {
  return (command) => command.failField(byte, bit);
}

export function failure(sense: number): Refusal {
  return (command) => command.fail(sense);
}

/** A change that concerns nobody but who made it. */
export function quietly(state: PrState): Change {
  return { state, notices: [], aborted: [] };
}

/** The same unit attention condition for several nexuses, but not for the one that caused it. */
export function noticesTo(
  nexuses: Iterable<NexusId>,
  cause: NexusId,
  sense: number,
): Notice[] {
  const others = [...nexuses].filter((nexus) => !isSameNexus(nexus, cause));
  return others.map((nexus) => ({ nexus, sense }));
}
