/** The security stage of a login as a table (RFC 7143 6.3.2, 12.1): state, event, next state. */
import type { StateModel } from "./state_table.ts";

export const SecurityState = {
  OPEN: "OPEN",
  EXEMPT: "EXEMPT",
  LOCKED: "LOCKED",
  AWAITS_ALGORITHMS: "AWAITS_ALGORITHMS",
  AWAITS_RESPONSE: "AWAITS_RESPONSE",
  DONE: "DONE",
} as const;
export type SecurityState = keyof typeof SecurityState;

/** What one request does, by the keys of the security stage in its text. */
export const SecurityEvent = {
  NOTHING: "NOTHING",
  TRANSIT: "TRANSIT",
  NONE: "NONE",
  CHAP: "CHAP",
  ALGORITHMS: "ALGORITHMS",
  RESPONSE: "RESPONSE",
  MUTUAL_RESPONSE: "MUTUAL_RESPONSE",
  DISORDER: "DISORDER",
} as const;
export type SecurityEvent = keyof typeof SecurityEvent;

/** What each event is, to complete "... in the state ...". */
export const DESCRIPTION: Readonly<Record<SecurityEvent, string>> = {
  NOTHING: "no key of the security stage",
  TRANSIT: "transit without authentication",
  NONE: "AuthMethod=None",
  CHAP: "AuthMethod=CHAP",
  ALGORITHMS: "CHAP_A",
  RESPONSE: "CHAP_N and CHAP_R",
  MUTUAL_RESPONSE: "CHAP_N, CHAP_R, CHAP_I and CHAP_C",
  DISORDER: "keys that do not go together",
};

/** What is not in a row is refused. */
export const SECURITY_STATES: StateModel<SecurityState, SecurityEvent> = {
  title: "Security stage of a login (RFC 7143 6.3.2, 12.1)",
  states: {
    OPEN: {
      is: "There are no incoming users: nobody has to authenticate, and nobody can.",
      on: { NOTHING: "OPEN", NONE: "DONE", TRANSIT: "DONE" },
    },
    EXEMPT: {
      is: "There are incoming users, but not everybody has to be one (SCST: internal_portal).",
      on: { NOTHING: "EXEMPT", NONE: "DONE", TRANSIT: "DONE", CHAP: "AWAITS_ALGORITHMS" },
    },
    LOCKED: {
      is: "Only incoming users come in.",
      on: { NOTHING: "LOCKED", CHAP: "AWAITS_ALGORITHMS" },
    },
    AWAITS_ALGORITHMS: {
      is: "CHAP is agreed on; the initiator must continue with the algorithms that it knows.",
      on: { ALGORITHMS: "AWAITS_RESPONSE" },
    },
    AWAITS_RESPONSE: {
      is: "The challenge is out; the initiator must respond, and may challenge the target.",
      on: { RESPONSE: "DONE", MUTUAL_RESPONSE: "DONE" },
    },
    DONE: {
      is: "The initiator may leave the stage, with this request or a later one.",
      on: { NOTHING: "DONE", TRANSIT: "DONE" },
    },
  },
  events: DESCRIPTION,
};

/** Events by the keys that make them, in alphabetical order. */
const EVENTS: ReadonlyMap<string, SecurityEvent> = new Map([
  ["CHAP_A", SecurityEvent.ALGORITHMS],
  ["CHAP_N CHAP_R", SecurityEvent.RESPONSE],
  ["CHAP_C CHAP_I CHAP_N CHAP_R", SecurityEvent.MUTUAL_RESPONSE],
]);

const METHODS: ReadonlyMap<string, SecurityEvent> = new Map([
  ["None", SecurityEvent.NONE],
  ["CHAP", SecurityEvent.CHAP],
]);

/**
 * The event of a request with these keys of the security stage. Of the methods in AuthMethod it is
 * the first one that may be chosen in `state`; undefined when there is none.
 */
export function eventOf(
  keys: ReadonlyMap<string, string>,
  transits: boolean,
  state: SecurityState,
): SecurityEvent | undefined {
  if (keys.size === 0) return transits ? SecurityEvent.TRANSIT : SecurityEvent.NOTHING;
  const methods = keys.get("AuthMethod");
  if (methods === undefined || keys.size > 1) {
    return EVENTS.get([...keys.keys()].sort().join(" ")) ?? SecurityEvent.DISORDER;
  }
  const events = methods.split(",").map((method) => METHODS.get(method));
  return events.find((event) => event !== undefined && event in SECURITY_STATES.states[state].on);
}
