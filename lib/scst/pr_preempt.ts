/** CLEAR, PREEMPT, and PREEMPT AND ABORT (SPC-4 5.12.11.2.4 to 5.12.11.2.7). */
import { Sense } from "../scsi/sense.ts";
import { PrOut } from "./pr_out_list.ts";
import { ownRegistration, type PrRequest } from "./pr_request.ts";
import { LU_SCOPE } from "./pr_reserve.ts";
import {
  isSameNexus,
  nextGeneration,
  type PrState,
  type Registration,
  registrationOf,
  reservationFor,
  withoutRegistrations,
} from "./pr_state.ts";
import { isPrType } from "./pr_type.ts";
import { badField, badParameter, conflict, noticesTo, type Verdict } from "./pr_verdict.ts";

/** Takes the reservation and all registrations away. */
export function clear(state: PrState, request: PrRequest): Verdict {
  if (ownRegistration(state, request) === undefined) return conflict;
  return {
    state: {
      ...state,
      registrations: new Map(),
      reservation: undefined,
      generation: nextGeneration(state),
    },
    notices: noticesTo(state.registrations.values(), request.nexus, Sense.RESERVATIONS_PREEMPTED),
    aborted: [],
  };
}

/** Takes the registrations with a key away, and the reservation over if that is the holder's key. */
export function preempt(state: PrState, request: PrRequest): Verdict {
  const { nexus, list } = request;
  if (ownRegistration(state, request) === undefined) return conflict;
  const { reservation } = state;
  const registrations = [...state.registrations.values()];
  const others = registrations.filter((one) => !isSameNexus(one, nexus));
  if (list.actionKey === 0n) {
    const allHold = reservation !== undefined && reservation.holder === undefined;
    return allHold ? takeOver(state, request, others) : badParameter(8);
  }
  const named = registrations.filter(({ key }) => key === list.actionKey);
  if (named.length === 0) return conflict;
  const holder = reservation?.holder;
  if (holder !== undefined && registrationOf(state, holder)?.key === list.actionKey) {
    return takeOver(state, request, named.filter((one) => !isSameNexus(one, nexus)));
  }
  // Scope and type are ignored; the nexus that asks goes too if the key is its own.
  const left = withoutRegistrations(state, named);
  return {
    state: { ...left, generation: nextGeneration(state) },
    notices: noticesTo(named, nexus, Sense.REGISTRATIONS_PREEMPTED),
    aborted: abortedOf(request, named),
  };
}

/** Removes registrations with the reservation, and establishes one of the nexus that asks. */
function takeOver(
  state: PrState,
  request: PrRequest,
  removed: readonly Registration[],
): Verdict {
  const { nexus, scope, type } = request;
  if (scope !== LU_SCOPE) return badField(2, 7);
  if (!isPrType(type)) return badField(2, 3);
  const { registrations } = withoutRegistrations(state, removed);
  const notices = noticesTo(removed, nexus, Sense.REGISTRATIONS_PREEMPTED);
  if (state.reservation?.type !== type) {
    notices.push(...noticesTo(registrations.values(), nexus, Sense.RESERVATIONS_RELEASED));
  }
  return {
    state: {
      ...state,
      registrations,
      reservation: reservationFor(type, nexus),
      generation: nextGeneration(state),
    },
    notices,
    aborted: abortedOf(request, removed),
  };
}

function abortedOf(request: PrRequest, preempted: readonly Registration[]): Registration[] {
  if (request.action !== PrOut.PREEMPT_AND_ABORT) return [];
  return preempted.filter((one) => !isSameNexus(one, request.nexus));
}
