/** RESERVE and RELEASE, 6 and 10 (SPC-2 7.17, 7.18, 7.21, 7.22), beside persistent reservations. */
import type { Nexus } from "./nexus.ts";
import type { CoreCommand } from "./operation.ts";
import { isHolder, registrationOf } from "./pr_state.ts";
import { isForRegistrants } from "./pr_type.ts";
import type { Reservations } from "./reservations.ts";

/** Executes RESERVE. */
export function reserveUnit(nexus: Nexus, command: CoreCommand): void {
  const { reservations } = command.unit!.device;
  reservations.inTurn(command, () => {
    if (hasPersistentAccess(reservations, nexus)) return command.succeed();
    const free = reservations.reservedBy === undefined || reservations.reservedBy === nexus;
    if (!free || reservations.state.registrations.size > 0) return command.conflict();
    reservations.reserveFor(nexus);
    command.succeed();
  });
}

/** Executes RELEASE; if the nexus has nothing to release, nothing is wrong with that. */
export function releaseUnit(nexus: Nexus, command: CoreCommand): void {
  const { reservations } = command.unit!.device;
  reservations.inTurn(command, () => {
    if (hasPersistentAccess(reservations, nexus)) return command.succeed();
    if (reservations.state.registrations.size > 0) return command.conflict();
    if (reservations.reservedBy === nexus) reservations.reserveFor(undefined);
    command.succeed();
  });
}

/**
 * Whether RESERVE and RELEASE of a nexus do nothing and succeed, since it has by a persistent
 * reservation what they could give (SPC-4 5.12.3, CRH).
 */
function hasPersistentAccess({ state }: Reservations, { id }: Nexus): boolean {
  const { reservation } = state;
  if (reservation === undefined) return false;
  return isHolder(state, id) ||
    isForRegistrants(reservation.type) && registrationOf(state, id) !== undefined;
}
