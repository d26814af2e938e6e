/** PERSISTENT RESERVE IN (SPC-4 6.15). */
import type { Device } from "./device.ts";
import type { Nexus } from "./nexus.ts";
import type { CoreCommand } from "./operation.ts";
import { LU_SCOPE } from "./pr_reserve.ts";
import { isHolder, type PrState, type Registration, registrationOf } from "./pr_state.ts";
import { PR_TYPE_MASK } from "./pr_type.ts";
import { encodeTransportId } from "./transport_id.ts";

/** REPORT CAPABILITIES (SPC-4 table 203). */
const CRH = 0x10;
const SIP_C = 0x08;
const ATP_C = 0x04;
const PTPL_C = 0x01;
const TMV = 0x80;
/** Write Exclusive lets MODE SENSE, REPORT SUPPORTED OPERATION CODES and their like pass. */
const ALLOW_COMMANDS = 3 << 4;
const PTPL_A = 0x01;

const R_HOLDER = 0x01;

/** Answers with what a part of the state looks like, unless the unit is reserved by RESERVE. */
function answering(describe: (device: Device) => Uint8Array) {
  return (_nexus: Nexus, command: CoreCommand) => {
    const { device } = command.unit!;
    // Whoever has it by RESERVE (SPC-2 5.5.1).
    if (device.reservations.reservedBy !== undefined) return command.conflict();
    command.respond(describe(device));
  };
}

/** PRGENERATION and ADDITIONAL LENGTH, and room for what they announce. */
function withHeader(state: PrState, length: number): DataView<ArrayBuffer> {
  const view = new DataView(new ArrayBuffer(8 + length));
  view.setUint32(0, state.generation);
  view.setUint32(4, length);
  return view;
}

/** Executes READ KEYS (SPC-4 6.15.2). */
export const readKeys = answering(({ reservations: { state } }) => {
  const registrations = [...state.registrations.values()];
  const view = withHeader(state, registrations.length * 8);
  registrations.forEach(({ key }, index) => view.setBigUint64(8 + index * 8, key));
  return new Uint8Array(view.buffer);
});

/** Executes READ RESERVATION (SPC-4 6.15.3). */
export const readReservation = answering(({ reservations: { state } }) => {
  const { reservation } = state;
  const view = withHeader(state, reservation === undefined ? 0 : 16);
  if (reservation !== undefined) {
    const { holder, type } = reservation;
    // All Registrants types have no key of a holder.
    if (holder !== undefined) view.setBigUint64(8, registrationOf(state, holder)!.key);
    view.setUint8(21, LU_SCOPE << 4 | type);
  }
  return new Uint8Array(view.buffer);
});

/** Executes REPORT CAPABILITIES (SPC-4 6.15.4). */
export const reportCapabilities = answering(({ reservations: { state } }) => {
  const view = new DataView(new ArrayBuffer(8));
  view.setUint16(0, 8);
  view.setUint8(2, CRH | SIP_C | ATP_C | PTPL_C);
  view.setUint8(3, TMV | ALLOW_COMMANDS | (state.persistent ? PTPL_A : 0));
  view.setUint16(4, PR_TYPE_MASK);
  return new Uint8Array(view.buffer);
});

/** Executes READ FULL STATUS (SPC-4 6.15.5). */
export const readFullStatus = answering(({ ports, reservations: { state } }) => {
  // The port of a registration that was kept may have another identifier by now.
  const relativeIds = new Map([...ports].map(({ name, relativeId }) => [name, relativeId]));
  const descriptors = [...state.registrations.values()].map((one) =>
    describe(state, one, relativeIds.get(one.port.name) ?? one.port.relativeId)
  );
  const view = withHeader(state, descriptors.reduce((sum, { length }) => sum + length, 0));
  const bytes = new Uint8Array(view.buffer);
  let at = 8;
  for (const descriptor of descriptors) {
    bytes.set(descriptor, at);
    at += descriptor.length;
  }
  return bytes;
});

/** Full status descriptor (SPC-4 table 208). */
function describe(state: PrState, registration: Registration, relativeId: number): Uint8Array {
  const transportId = encodeTransportId(registration.initiator);
  const bytes = new Uint8Array(24 + transportId.length);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, registration.key);
  if (isHolder(state, registration)) {
    view.setUint8(12, R_HOLDER);
    view.setUint8(13, LU_SCOPE << 4 | state.reservation!.type);
  }
  view.setUint16(18, relativeId);
  view.setUint32(20, transportId.length);
  bytes.set(transportId, 24);
  return bytes;
}
