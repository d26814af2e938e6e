/**
 * The asymmetric access states of a target port (SPC-4 5.15.2.4) as one comparison: how far a state
 * lets commands through, and how far it has to for a command. Where the standard leaves open what
 * else a state lets through (READ CAPACITY, RESERVE and RELEASE), it is what SCST does.
 */
import { Sense } from "../scsi/sense.ts";
import type { AccessStateName } from "./model.ts";

/**
 * How far a target port lets commands through. Each level has all that the one before it has; every
 * row of the opcode table needs one of them, FULL when left out.
 */
export const PortAccess = {
  /** Who and where the unit is, and in which state. */
  IDENTIFY: 0,
  /** And to change the state. */
  SWITCH: 1,
  /** And to manage the unit, but not to touch its medium. */
  MANAGE: 2,
  /** Everything. */
  FULL: 3,
} as const;
export type PortAccess = typeof PortAccess[keyof typeof PortAccess];

export interface AccessState {
  readonly name: AccessStateName;
  /** ASYMMETRIC ACCESS STATE (SPC-4 6.37). */
  readonly code: number;
  readonly access: PortAccess;
  /** The sense of what is not let through. */
  readonly sense: number;
  /** Whether INQUIRY says that the unit is connected: PERIPHERAL QUALIFIER 000b (SPC-4 5.15.2.4.5). */
  readonly isConnected: boolean;
  /** Whether SET TARGET PORT GROUPS may establish it: a primary state, and not one on the way. */
  readonly isSettable: boolean;
}

const { FULL, MANAGE, SWITCH, IDENTIFY } = PortAccess;

type States = { readonly [N in AccessStateName]: AccessState & { readonly name: N } };

/**
 * The states by their names in SCST. Through a port that is offline no command should come at all
 * (SPC-4 5.15.2.4.6); those that do find it unavailable.
 */
export const ACCESS_STATES: States = {
  active: {
    name: "active",
    code: 0x0,
    access: FULL,
    sense: Sense.NO_SENSE,
    isConnected: true,
    isSettable: true,
  },
  nonoptimized: {
    name: "nonoptimized",
    code: 0x1,
    access: FULL,
    sense: Sense.NO_SENSE,
    isConnected: true,
    isSettable: true,
  },
  standby: {
    name: "standby",
    code: 0x2,
    access: MANAGE,
    sense: Sense.TARGET_PORT_IN_STANDBY_STATE,
    isConnected: true,
    isSettable: true,
  },
  unavailable: {
    name: "unavailable",
    code: 0x3,
    access: SWITCH,
    sense: Sense.TARGET_PORT_IN_UNAVAILABLE_STATE,
    isConnected: false,
    isSettable: true,
  },
  offline: {
    name: "offline",
    code: 0xe,
    access: SWITCH,
    sense: Sense.TARGET_PORT_IN_UNAVAILABLE_STATE,
    isConnected: false,
    isSettable: false,
  },
  transitioning: {
    name: "transitioning",
    code: 0xf,
    access: IDENTIFY,
    sense: Sense.ASYMMETRIC_ACCESS_STATE_TRANSITION,
    isConnected: true,
    isSettable: false,
  },
};

/** On the way from one state to another: commands wait a while for its end. */
export const TRANSITIONING: AccessState = ACCESS_STATES.transitioning;

/** What REPORT TARGET PORT GROUPS says is supported: all states above (SPC-4 6.37). */
export const SUPPORTED_STATES = 0xcf;
