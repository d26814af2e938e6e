/** Persistent reservations out of the text that pr_dump.ts makes of them: what is written to pr_state. */
import type { TargetPort } from "../scsi/command.ts";
import {
  nexusKey,
  NO_REGISTRATIONS,
  type PrState,
  type Registration,
  reservationFor,
} from "./pr_state.ts";
import { isAllRegistrants, isPrType, type PrType } from "./pr_type.ts";
import { decodeTransportId } from "./transport_id.ts";

const VERSION = "version 1";
const GENERATION = /^generation (\d{1,10})$/;
/** Type and scope; the only scope that there is is the logical unit. */
const RESERVATION = /^reservation ([0-9a-f]{1,2}) 0{1,2}$/i;
/** RELATIVE TARGET PORT IDENTIFIER, key, whether it is a holder, length and bytes of its TransportID. */
const REGISTRANT = /^registrant (\d{1,5}) ([0-9a-f]{1,16}) ([01]) (\d{1,3}) ((?:[0-9a-f]{2})+)$/i;

/** Finds the target port of a RELATIVE TARGET PORT IDENTIFIER. */
type PortFinder = (relativeId: number) => TargetPort | undefined;

/**
 * The state that a text says, or what is wrong with it, in words. `persistent` says whether the state is
 * to outlive a restart, of which the text says nothing.
 */
export function parsePrDump(
  text: string,
  persistent: boolean,
  portOf: PortFinder,
): PrState | string {
  const [version, second = "", ...lines] = text.replace(/\n+$/, "").split("\n");
  if (version !== VERSION) return `the first line must be "${VERSION}"`;
  const generation = Number(GENERATION.exec(second)?.[1] ?? NaN);
  if (!(generation <= 0xffffffff)) return 'the second line must be "generation" and a number';
  const type = lines[0]?.startsWith("reservation") ? typeOf(lines.shift()!) : undefined;
  if (typeof type === "string") return type;
  const registrations = new Map<string, Registration>();
  const holders: Registration[] = [];
  for (const line of lines) {
    const found = parseRegistrant(line, portOf);
    if (typeof found === "string") return found;
    const { registration } = found;
    const key = nexusKey(registration);
    if (registrations.has(key)) return `${registration.initiator} is there twice`;
    registrations.set(key, registration);
    if (found.isHolder) holders.push(registration);
  }
  const state = { ...NO_REGISTRATIONS, registrations, persistent, generation };
  const [holder] = holders;
  if (type === undefined) return holder === undefined ? state : "a holder needs a reservation";
  const wanted = isAllRegistrants(type) ? registrations.size : 1;
  if (holder === undefined || holders.length !== wanted) {
    return `a reservation of type ${type} must have ${Math.max(1, wanted)} holders`;
  }
  return { ...state, reservation: reservationFor(type, holder) };
}

function typeOf(line: string): PrType | string {
  const type = parseInt(RESERVATION.exec(line)?.[1] ?? "", 16);
  return isPrType(type) ? type : `"${line.slice(0, 40)}" is no reservation of a logical unit`;
}

function parseRegistrant(
  line: string,
  portOf: PortFinder,
): { readonly registration: Registration; readonly isHolder: boolean } | string {
  const [, relativeId, key, holder, length, hex] = REGISTRANT.exec(line) ?? [];
  if (hex === undefined) return `"${line.slice(0, 40)}" is no registrant`;
  const bytes = Uint8Array.from(hex.match(/../g)!, (byte) => parseInt(byte, 16));
  if (Number(length) !== bytes.length) return `a transport id has ${bytes.length} bytes`;
  const id = decodeTransportId(bytes, 0, bytes.length);
  if (typeof id === "string" || id.port === undefined || id.length !== bytes.length) {
    return `"${hex.slice(0, 40)}" is no transport id of an initiator port`;
  }
  const port = portOf(Number(relativeId));
  if (port === undefined) return `there is no target with rel_tgt_id ${relativeId}`;
  const value = BigInt(`0x${key}`);
  if (value === 0n) return "the key of a registrant must not be 0";
  return { registration: { initiator: id.port, port, key: value }, isHolder: holder === "1" };
}
