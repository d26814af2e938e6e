/** The persistent reservation state of a logical unit (SPC-4 5.12): a value that never changes. */
import type { TargetPort } from "../scsi/command.ts";
import { isAllRegistrants, type PrType } from "./pr_type.ts";

/** An I_T nexus by its names; it need not be there. */
export interface NexusId {
  /** SCSI name of the initiator port: `iqn...,i,0x<isid>`. */
  readonly initiator: string;
  readonly port: TargetPort;
}

export interface Registration extends NexusId {
  /** Reservation key, never zero. */
  readonly key: bigint;
}

export interface Reservation {
  readonly type: PrType;
  /** undefined for the All Registrants types, which every registered nexus holds. */
  readonly holder: NexusId | undefined;
}

export interface PrState {
  /** By nexusKey(), in the order in which they came. */
  readonly registrations: ReadonlyMap<string, Registration>;
  readonly reservation: Reservation | undefined;
  /** The APTPL bit that came last: whether all this outlives a restart. */
  readonly persistent: boolean;
  /** PRGENERATION; it begins with 0 at every start (SPC-4 6.15.2). */
  readonly generation: number;
}

/** What a logical unit begins with. */
export const NO_REGISTRATIONS: PrState = {
  registrations: new Map(),
  reservation: undefined,
  persistent: false,
  generation: 0,
};

/** What tells nexuses apart. */
export function nexusKey({ initiator, port }: NexusId): string {
  return `${initiator} ${port.name}`;
}

export function isSameNexus(one: NexusId, other: NexusId): boolean {
  return one.initiator === other.initiator && one.port.name === other.port.name;
}

/** The registration of a nexus. */
export function registrationOf(state: PrState, nexus: NexusId): Registration | undefined {
  return state.registrations.get(nexusKey(nexus));
}

/** Whether a nexus is a persistent reservation holder (SPC-4 5.12.10). */
export function isHolder(state: PrState, nexus: NexusId): boolean {
  const { reservation } = state;
  if (reservation === undefined) return false;
  return reservation.holder === undefined
    ? registrationOf(state, nexus) !== undefined
    : isSameNexus(reservation.holder, nexus);
}

/** A reservation of a type for a nexus. */
export function reservationFor(type: PrType, { initiator, port }: NexusId): Reservation {
  return { type, holder: isAllRegistrants(type) ? undefined : { initiator, port } };
}

/** The next PRGENERATION. */
export function nextGeneration({ generation }: PrState): number {
  return (generation + 1) >>> 0;
}

/** The state without some registrations; a reservation that nobody holds any more is gone. */
export function withoutRegistrations(state: PrState, removed: Iterable<NexusId>): PrState {
  const registrations = new Map(state.registrations);
  for (const nexus of removed) registrations.delete(nexusKey(nexus));
  const { reservation } = state;
  const held = reservation !== undefined &&
    (reservation.holder === undefined
      ? registrations.size > 0
      : registrations.has(nexusKey(reservation.holder)));
  return { ...state, registrations, reservation: held ? reservation : undefined };
}
