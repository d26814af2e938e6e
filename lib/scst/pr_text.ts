/** Persistent reservation state as the text that is kept through a restart: one line for each thing. */
import { isAllRegistrants, isPrType } from "./pr_type.ts";
import {
  nexusKey,
  NO_REGISTRATIONS,
  type PrState,
  type Registration,
  type Reservation,
} from "./pr_state.ts";

const REGISTRATION = /^registration ([0-9a-f]{16}) (\d{1,5}) (\S+) (\S+)$/;
const RESERVATION = /^reservation (\d)(?: (\d{1,5}) (\S+) (\S+))?$/;

/** What is to be kept; empty when the initiators do not want anything to be kept (APTPL 0). */
export function formatPrState({ registrations, reservation, persistent }: PrState): string {
  if (!persistent) return "";
  const lines: string[] = ["persistent"];
  for (const { initiator, port, key } of registrations.values()) {
    const digits = key.toString(16).padStart(16, "0");
    lines.push(`registration ${digits} ${port.relativeId} ${port.name} ${initiator}`);
  }
  if (reservation !== undefined) {
    const { type, holder } = reservation;
    const nexus = holder && ` ${holder.port.relativeId} ${holder.port.name} ${holder.initiator}`;
    lines.push(`reservation ${type}${nexus ?? ""}`);
  }
  return lines.map((line) => `${line}\n`).join("");
}

/** The state that a text says; undefined when it says none. */
export function parsePrState(text: string): PrState | undefined {
  if (text === "") return NO_REGISTRATIONS;
  const [first, ...lines] = text.split("\n");
  if (first !== "persistent" || lines.pop() !== "") return undefined;
  const registrations = new Map<string, Registration>();
  let reservation: Reservation | undefined;
  for (const line of lines) {
    const registration = parseRegistration(line);
    if (registration !== undefined) {
      registrations.set(nexusKey(registration), registration);
      continue;
    }
    reservation = parseReservation(line);
    if (reservation === undefined) return undefined;
    const { holder } = reservation;
    const held = holder === undefined
      ? registrations.size > 0
      : registrations.has(nexusKey(holder));
    if (!held) return undefined;
  }
  return { registrations, reservation, persistent: true, generation: 0 };
}

function parseRegistration(line: string): Registration | undefined {
  const [, digits, relativeId, name, initiator] = REGISTRATION.exec(line) ?? [];
  if (digits === undefined) return undefined;
  const key = BigInt(`0x${digits}`);
  const port = { name: name!, relativeId: Number(relativeId) };
  return key === 0n ? undefined : { initiator: initiator!, port, key };
}

function parseReservation(line: string): Reservation | undefined {
  const [, digit, relativeId, name, initiator] = RESERVATION.exec(line) ?? [];
  const type = Number(digit);
  if (!isPrType(type) || isAllRegistrants(type) !== (initiator === undefined)) return undefined;
  if (initiator === undefined) return { type, holder: undefined };
  return { type, holder: { initiator, port: { name: name!, relativeId: Number(relativeId) } } };
}
