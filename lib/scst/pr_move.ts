/** REGISTER AND MOVE (SPC-4 5.12.8): the holder hands its reservation to another nexus. */
import { Sense } from "../scsi/sense.ts";
import { REGISTRATIONS_MOST } from "./pr_register.ts";
import { ownRegistration, type PrRequest, type PrWorld } from "./pr_request.ts";
import { isHolder, isSameNexus, nextGeneration, nexusKey, type PrState } from "./pr_state.ts";
import { badField, badParameter, conflict, failure, quietly, type Verdict } from "./pr_verdict.ts";

/** Registers another nexus and makes it the holder. */
export function registerAndMove(state: PrState, request: PrRequest, world: PrWorld): Verdict {
  const { nexus, list } = request;
  if (ownRegistration(state, request) === undefined) return conflict;
  const { reservation } = state;
  if (reservation === undefined) return badField(1, 4);
  if (reservation.holder === undefined || !isHolder(state, nexus)) return conflict;
  if (list.actionKey === 0n) return badParameter(8);
  const port = world.ports.find(({ relativeId }) => relativeId === list.relativePort);
  if (port === undefined) return badParameter(18);
  const initiator = list.transportIds[0]?.port;
  if (initiator === undefined) return badParameter(24);
  const heir = { initiator, port, key: list.actionKey };
  if (isSameNexus(heir, nexus)) return badParameter(24);
  const registrations = new Map(state.registrations);
  registrations.set(nexusKey(heir), heir);
  if (list.unreg) registrations.delete(nexusKey(nexus));
  if (registrations.size > REGISTRATIONS_MOST) {
    return failure(Sense.INSUFFICIENT_REGISTRATION_RESOURCES);
  }
  return quietly({
    registrations,
    reservation: { type: reservation.type, holder: { initiator, port } },
    persistent: list.aptpl,
    generation: nextGeneration(state),
  });
}
