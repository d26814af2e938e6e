/**
 * The states of a session as a table (RFC 7143 8.3, the target's part). A session has one connection,
 * and no time in which it waits for another one (DefaultTime2Retain=0): FAILED and CONTINUE are not
 * among them.
 */
import { type StateModel, StateTable } from "./state_table.ts";

export type SessionStateName = "ACTIVE" | "LOGGED_IN" | "FREE";

export type SessionEventName =
  | "LOGIN_ACCEPTED"
  | "CONNECTION_REINSTATED"
  | "SESSION_REINSTATED"
  | "LOGOUT"
  | "CONNECTION_ENDED";

const model: StateModel<SessionStateName, SessionEventName> = {
  title: "Session (RFC 7143 8.3)",
  states: {
    ACTIVE: {
      is: "Q2. Its first connection is about to end its login.",
      on: { LOGIN_ACCEPTED: "LOGGED_IN", CONNECTION_ENDED: "FREE" },
    },
    LOGGED_IN: {
      is: "Q3. It serves, on the one connection that it has.",
      on: {
        CONNECTION_REINSTATED: "LOGGED_IN",
        SESSION_REINSTATED: "FREE",
        LOGOUT: "FREE",
        CONNECTION_ENDED: "FREE",
      },
    },
    FREE: {
      is: "Q1. It has ended, and so have its tasks and its I_T nexus.",
      on: { SESSION_REINSTATED: "FREE", LOGOUT: "FREE", CONNECTION_ENDED: "FREE" },
    },
  },
  events: {
    LOGIN_ACCEPTED: "the final Login Response with the status SUCCESS",
    CONNECTION_REINSTATED: "a login with its ISID, TSIH and CID",
    SESSION_REINSTATED: "a login with its names and ISID, and no TSIH",
    LOGOUT: "a Logout Request that is answered with CLOSED",
    CONNECTION_ENDED: "its connection has ended",
  },
};

export const SESSION_STATES = new StateTable(model);
export const SessionState = SESSION_STATES.state;
export const SessionEvent = SESSION_STATES.event;
