/**
 * THE table of the stages of a command's life: what shows where commands are, and what measures where
 * their time goes, reads it. A stage ends where the next one begins that the command comes to.
 */

/** In the order of a command's life. */
export const Stage = {
  RECEIVED: 0,
  DATA: 1,
  TURN: 2,
  STORE: 3,
  SEND: 4,
} as const;
export type Stage = typeof Stage[keyof typeof Stage];

export interface StageRow {
  /** As in the files of the management tree. */
  readonly name: string;
  /** For people. */
  readonly what: string;
}

/** By Stage. */
export const STAGES: readonly StageRow[] = [
  // From the receive call that brought it: behind others of the same batch it waits for them.
  { name: "received", what: "waits to be looked at, and is checked" },
  { name: "data_wait", what: "waits for the data that it writes" },
  // Room for what it reads, its blocks, the end of a transition and of a suspension are waited for here.
  { name: "turn_wait", what: "waits for its turn in the task set, or until it may be executed" },
  { name: "store", what: "is executed by the device" },
  { name: "send", what: "has its status, which waits to be taken by the network" },
];
