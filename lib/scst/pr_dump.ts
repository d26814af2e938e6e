/** Persistent reservations as text for people and tools: what SCST's attribute pr_state shows. */
import { isHolder, type PrState } from "./pr_state.ts";
import { encodeTransportId } from "./transport_id.ts";

/** SCOPE of every reservation: the logical unit. */
const LU_SCOPE = 0;

/** The state of a device, one line for each thing. */
export function dumpPrState(state: PrState): string {
  const { registrations, reservation, generation } = state;
  const lines = ["version 1", `generation ${generation}`];
  if (reservation !== undefined) {
    lines.push(`reservation ${hex(reservation.type, 2)} ${hex(LU_SCOPE, 2)}`);
  }
  for (const registration of registrations.values()) {
    const { initiator, port: { relativeId }, key } = registration;
    const id = encodeTransportId(initiator);
    const holder = isHolder(state, registration) ? 1 : 0;
    const bytes = Array.from(id, (byte) => hex(byte, 2)).join("");
    lines.push(`registrant ${relativeId} ${hex(key, 16)} ${holder} ${id.length} ${bytes}`);
  }
  return lines.map((line) => `${line}\n`).join("");
}

function hex(value: number | bigint, digits: number): string {
  return value.toString(16).padStart(digits, "0");
}
