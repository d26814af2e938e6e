/** The security stage of a login as a table (RFC 7143 6.3.2, 12.1): state, event, next state. */

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

type Row = Readonly<Partial<Record<SecurityEvent, SecurityState>>>;

/** What is not in a row is refused. */
export const SECURITY_STATES: Readonly<Record<SecurityState, Row>> = {
  // There are no incoming users: nobody has to authenticate, and nobody can.
  OPEN: { NOTHING: "OPEN", NONE: "DONE", TRANSIT: "DONE" },
  // There are incoming users, but not everybody has to be one (SCST: internal_portal).
  EXEMPT: { NOTHING: "EXEMPT", NONE: "DONE", TRANSIT: "DONE", CHAP: "AWAITS_ALGORITHMS" },
  // Only incoming users come in.
  LOCKED: { NOTHING: "LOCKED", CHAP: "AWAITS_ALGORITHMS" },
  // CHAP is agreed on; the initiator must continue with the algorithms that it knows.
  AWAITS_ALGORITHMS: { ALGORITHMS: "AWAITS_RESPONSE" },
  // The challenge is out; the initiator must respond, and may challenge the target.
  AWAITS_RESPONSE: { RESPONSE: "DONE", MUTUAL_RESPONSE: "DONE" },
  // The initiator may leave the stage, with this request or a later one.
  DONE: { NOTHING: "DONE", TRANSIT: "DONE" },
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
  return events.find((event) => event !== undefined && event in SECURITY_STATES[state]);
}
