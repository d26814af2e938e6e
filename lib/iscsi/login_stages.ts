/** The stages of a login as a table (RFC 7143 6.3, 11.12.3). */
import { type StateModel, StateTable } from "./state_table.ts";

export type LoginStageName = "START" | "SECURITY" | "OPERATIONAL" | "FULL_FEATURE";

export type LoginStageEventName =
  | "IN_SECURITY"
  | "IN_OPERATIONAL"
  | "IN_RESERVED"
  | "IN_FULL_FEATURE"
  | "TO_SECURITY"
  | "TO_OPERATIONAL"
  | "TO_RESERVED"
  | "TO_FULL_FEATURE";

const model: StateModel<LoginStageName, LoginStageEventName> = {
  title: "Stages of a login (RFC 7143 6.3)",
  states: {
    START: {
      is: "Nothing has come: the first request says which stage the login begins with.",
      on: { IN_SECURITY: "SECURITY", IN_OPERATIONAL: "OPERATIONAL" },
    },
    SECURITY: {
      is: "Who is it? This ends when the initiator wants it to and has authenticated.",
      on: {
        IN_SECURITY: "SECURITY",
        TO_OPERATIONAL: "OPERATIONAL",
        TO_FULL_FEATURE: "FULL_FEATURE",
      },
    },
    OPERATIONAL: {
      is: "How do we talk? This ends when the target has no offers of its own left.",
      on: { IN_OPERATIONAL: "OPERATIONAL", TO_FULL_FEATURE: "FULL_FEATURE" },
    },
    FULL_FEATURE: {
      is: "The login is over.",
      on: {},
    },
  },
  events: {
    IN_SECURITY: "a request with CSG 0",
    IN_OPERATIONAL: "a request with CSG 1",
    IN_RESERVED: "a request with CSG 2",
    IN_FULL_FEATURE: "a request with CSG 3",
    TO_SECURITY: "a transit to NSG 0",
    TO_OPERATIONAL: "a transit to NSG 1",
    TO_RESERVED: "a transit to NSG 2",
    TO_FULL_FEATURE: "a transit to NSG 3",
  },
};

export const LOGIN_STAGES = new StateTable(model);
export const LoginStage = LOGIN_STAGES.state;

const { event } = LOGIN_STAGES;

/** The events of a request, by its CSG, and of a transit, by its NSG (RFC 7143 11.12.3). */
export const REQUEST_IN: readonly number[] = [
  event.IN_SECURITY,
  event.IN_OPERATIONAL,
  event.IN_RESERVED,
  event.IN_FULL_FEATURE,
];
export const TRANSIT_TO: readonly number[] = [
  event.TO_SECURITY,
  event.TO_OPERATIONAL,
  event.TO_RESERVED,
  event.TO_FULL_FEATURE,
];
