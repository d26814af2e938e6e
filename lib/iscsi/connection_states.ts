/** The states of a connection as a table (RFC 7143 8.1, the target's part). */
import { type StateModel, StateTable } from "./state_table.ts";

export type ConnectionStateName =
  | "XPT_UP"
  | "IN_LOGIN"
  | "LOGGED_IN"
  | "LOGOUT_REQUESTED"
  | "IN_LOGOUT"
  | "CLEANUP_WAIT"
  | "FREE";

export type ConnectionEventName =
  | "LOGIN_REQUEST"
  | "REQUEST"
  | "LOGIN_ACCEPTED"
  | "LOGIN_REFUSED"
  | "LOGOUT_ASKED"
  | "LOGOUT_ACCEPTED"
  | "REINSTATED"
  | "FINISH"
  | "CLOSE";

const model: StateModel<ConnectionStateName, ConnectionEventName> = {
  title: "Connection (RFC 7143 8.1)",
  states: {
    XPT_UP: {
      is: "S3. The socket is open, and a Login Request has to be the first PDU.",
      on: { LOGIN_REQUEST: "IN_LOGIN", FINISH: "CLEANUP_WAIT", CLOSE: "FREE" },
    },
    IN_LOGIN: {
      is: "S4. The login goes on, request by request, through its stages.",
      on: {
        LOGIN_REQUEST: "IN_LOGIN",
        LOGIN_ACCEPTED: "LOGGED_IN",
        LOGIN_REFUSED: "CLEANUP_WAIT",
        FINISH: "CLEANUP_WAIT",
        CLOSE: "FREE",
      },
    },
    LOGGED_IN: {
      is: "S5. The full feature phase: the connection carries its session.",
      on: {
        REQUEST: "LOGGED_IN",
        LOGOUT_ASKED: "LOGOUT_REQUESTED",
        LOGOUT_ACCEPTED: "IN_LOGOUT",
        REINSTATED: "FREE",
        FINISH: "CLEANUP_WAIT",
        CLOSE: "FREE",
      },
    },
    LOGOUT_REQUESTED: {
      is: "S7. The same, and the initiator has been asked to log out.",
      on: {
        REQUEST: "LOGOUT_REQUESTED",
        LOGOUT_ASKED: "LOGOUT_REQUESTED",
        LOGOUT_ACCEPTED: "IN_LOGOUT",
        REINSTATED: "FREE",
        FINISH: "CLEANUP_WAIT",
        CLOSE: "FREE",
      },
    },
    IN_LOGOUT: {
      is: "S6. The Logout Response is on its way; what still comes is not read.",
      on: { FINISH: "IN_LOGOUT", CLOSE: "FREE" },
    },
    CLEANUP_WAIT: {
      is: "S8. The last words of the target are on their way; what still comes is not read.",
      on: { FINISH: "CLEANUP_WAIT", CLOSE: "FREE" },
    },
    FREE: {
      is: "S1. The connection has ended.",
      on: { FINISH: "FREE", CLOSE: "FREE" },
    },
  },
  events: {
    LOGIN_REQUEST: "a Login Request comes",
    REQUEST: "a PDU comes that is no Login Request",
    LOGIN_ACCEPTED: "the final Login Response with the status SUCCESS",
    LOGIN_REFUSED: "a Login Response with another status",
    LOGOUT_ASKED: "an Asynchronous Message asks for a logout",
    LOGOUT_ACCEPTED: "a Logout Response with the response CLOSED",
    REINSTATED: "another connection takes the session over",
    FINISH: "the target ends the connection when its output is sent",
    CLOSE: "the target ends the connection at once, or the socket has ended",
  },
};

export const CONNECTION_STATES = new StateTable(model);
export const ConnectionState = CONNECTION_STATES.state;
export const ConnectionEvent = CONNECTION_STATES.event;
