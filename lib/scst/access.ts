/**
 * Reservation conflicts as one comparison: how much a command asks of a reserved logical unit
 * (SPC-4 table 65, SBC-3 table 5), and what a nexus that the reservation shuts out may still ask.
 */

/** What a command asks; every row of the opcode table has one. */
export const Access = {
  /** Nothing that a reservation could refuse. */
  NONE: 0,
  /** The state of the unit: persistent reservations let it pass, RESERVE of another nexus does not. */
  STATE: 1,
  /** To read: Write Exclusive lets it pass. */
  READ: 2,
  /** To write, or anything else that only those get who are not shut out. */
  WRITE: 3,
} as const;
export type Access = typeof Access[keyof typeof Access];

/** The least access that a nexus does not have. */
export const Barrier = {
  /** RESERVE by another nexus (SPC-2 table 10). */
  RESERVE: Access.STATE,
  EXCLUSIVE_ACCESS: Access.READ,
  WRITE_EXCLUSIVE: Access.WRITE,
  /** The nexus has all access. */
  NONE: Access.WRITE + 1,
} as const;
export type Barrier = typeof Barrier[keyof typeof Barrier];
