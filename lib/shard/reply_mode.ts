/**
 * How answers leave a connection. As shipped all answers of one turn leave in one send; the other ways
 * are there to be measured against that (docs/performance/model.md), and SCST_REPLIES names one of them
 * before the start.
 */
import { StartError } from "./start_error.ts";

export const ReplyMode = {
  /** All answers of one turn of the loop in one send. */
  TURN: "turn",
  /** Each answer in a send of its own. */
  EACH: "each",
  /** The same, and small ones wait in the system for what was sent before to arrive (RFC 896). */
  NAGLE: "nagle",
  /** All answers of HELD_FOR in one send. */
  HELD: "held",
} as const;

export type ReplyMode = typeof ReplyMode[keyof typeof ReplyMode];

/** Milliseconds for which answers are held. */
export const HELD_FOR = 1;

const VARIABLE = "SCST_REPLIES";

/** The way that the environment of the process asks for; TURN if it asks for none. Throws a StartError. */
export function readReplyMode(): ReplyMode {
  const text = Deno.env.get(VARIABLE);
  if (text === undefined || text === "") return ReplyMode.TURN;
  const modes = Object.values(ReplyMode);
  const mode = modes.find((candidate) => candidate === text);
  if (mode !== undefined) return mode;
  throw new StartError(`Cannot use ${VARIABLE}=${text}: it may be ${modes.join(", ")}`);
}
