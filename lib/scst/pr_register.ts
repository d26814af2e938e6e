/** REGISTER, and REGISTER AND IGNORE EXISTING KEY (SPC-4 5.12.7). */
import { Sense } from "../scsi/sense.ts";
import { PrOut } from "./pr_out_list.ts";
import type { PrRequest, PrWorld } from "./pr_request.ts";
import {
  nextGeneration,
  type NexusId,
  nexusKey,
  type PrState,
  type Registration,
  registrationOf,
  withoutRegistrations,
} from "./pr_state.ts";
import { isForRegistrants } from "./pr_type.ts";
import { badParameter, conflict, failure, noticesTo, quietly, type Verdict } from "./pr_verdict.ts";

/** Registrations of a logical unit. */
export const REGISTRATIONS_MOST = 4096;

/** Registers, unregisters or gives a new key to the nexus that asks, and those that it names. */
export function register(state: PrState, request: PrRequest, world: PrWorld): Verdict {
  const { nexus, list } = request;
  const ignores = request.action === PrOut.REGISTER_AND_IGNORE_EXISTING_KEY;
  const own = registrationOf(state, nexus);
  /** As if the request had come from it: the key that it names is the right one. */
  const mayChange = (registration: Registration | undefined) =>
    ignores || (registration?.key ?? 0n) === list.key;

  if (!mayChange(own)) return conflict;
  if (list.specIPt && own !== undefined) return badParameter(20, 3);

  const ports = list.allTgPt ? world.ports : [nexus.port];
  const changing = ports.map((port) => ({ initiator: nexus.initiator, port }))
    .filter((one) => mayChange(registrationOf(state, one)));
  const changed = { ...state, persistent: list.aptpl, generation: nextGeneration(state) };
  if (list.actionKey === 0n) {
    const removed = changing.filter((one) => registrationOf(state, one) !== undefined);
    return removed.length === 0 ? quietly(state) : unregister(changed, nexus, removed);
  }

  const registrations = new Map(state.registrations);
  const enter = ({ initiator, port }: NexusId) => {
    const registration = { initiator, port, key: list.actionKey };
    registrations.set(nexusKey(registration), registration);
  };
  changing.forEach(enter);
  for (const [index, { node, port }] of list.transportIds.entries()) {
    const initiators = port === undefined ? world.initiatorPorts(node) : [port];
    if (initiators.length === 0) return badParameter(placeOf(list.transportIds, index));
    for (const initiator of initiators) {
      for (const port of ports) {
        if (!registrations.has(nexusKey({ initiator, port }))) enter({ initiator, port });
      }
    }
    if (registrations.size > REGISTRATIONS_MOST) break;
  }
  if (registrations.size > REGISTRATIONS_MOST) {
    return failure(Sense.INSUFFICIENT_REGISTRATION_RESOURCES);
  }
  return quietly({ ...changed, registrations });
}

/** Takes registrations away; the reservation goes with its holder (SPC-4 5.12.11.2.3). */
function unregister(state: PrState, cause: NexusId, removed: readonly NexusId[]): Verdict {
  const left = withoutRegistrations(state, removed);
  const { reservation } = state;
  const released = reservation !== undefined && left.reservation === undefined &&
    isForRegistrants(reservation.type);
  const notices = released
    ? noticesTo(left.registrations.values(), cause, Sense.RESERVATIONS_RELEASED)
    : [];
  return { state: left, notices, aborted: [] };
}

/** Where a TransportID begins in the parameter list. */
function placeOf(transportIds: readonly { readonly length: number }[], index: number): number {
  return transportIds.slice(0, index).reduce((at, { length }) => at + length, 28);
}
