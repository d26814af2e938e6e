/** RESERVE and RELEASE of PERSISTENT RESERVE OUT (SPC-4 5.12.9, 5.12.11.2.2). */
import { Sense } from "../scsi/sense.ts";
import { ownRegistration, type PrRequest } from "./pr_request.ts";
import { isHolder, type PrState, reservationFor } from "./pr_state.ts";
import { isForRegistrants, isPrType } from "./pr_type.ts";
import { badField, conflict, failure, noticesTo, quietly, type Verdict } from "./pr_verdict.ts";

/** LU_SCOPE, the only scope there is. */
export const LU_SCOPE = 0;

/** Establishes a reservation. */
export function reserve(state: PrState, request: PrRequest): Verdict {
  const { nexus, type } = request;
  if (ownRegistration(state, request) === undefined) return conflict;
  if (request.scope !== LU_SCOPE) return badField(2, 7);
  if (!isPrType(type)) return badField(2, 3);
  const { reservation } = state;
  if (reservation === undefined) {
    return quietly({ ...state, reservation: reservationFor(type, nexus) });
  }
  return isHolder(state, nexus) && reservation.type === type ? quietly(state) : conflict;
}

/** Releases the reservation if the nexus that asks holds it; if not, nothing is wrong with that. */
export function release(state: PrState, request: PrRequest): Verdict {
  const { nexus } = request;
  if (ownRegistration(state, request) === undefined) return conflict;
  const { reservation } = state;
  if (reservation === undefined || !isHolder(state, nexus)) return quietly(state);
  if (request.scope !== LU_SCOPE || request.type !== reservation.type) {
    return failure(Sense.INVALID_RELEASE_OF_PERSISTENT_RESERVATION);
  }
  const notices = isForRegistrants(reservation.type)
    ? noticesTo(state.registrations.values(), nexus, Sense.RESERVATIONS_RELEASED)
    : [];
  return { state: { ...state, reservation: undefined }, notices, aborted: [] };
}
