/** The ways in which a verb fails, and the exit code of each. */
import { ControlError } from "../admin/control/control_error.ts";
import { TreeError } from "../admin/tree.ts";
import { ConfigError } from "../config/problem.ts";
import { bugLine } from "../bug.ts";
import { log } from "../log.ts";
import { StartError } from "../shard/server.ts";

/** Exit codes of the program. */
export const ExitCode = {
  OK: 0,
  FAILED: 1,
  USAGE: 2,
  /** What was asked about is not allowed. */
  REFUSED: 3,
  /** There is no server that could be asked. */
  NO_SERVER: 4,
} as const;
export type ExitCode = typeof ExitCode[keyof typeof ExitCode];

/** The verb cannot do what was asked; the message is one clear sentence. */
export class Failure extends Error {
  override readonly name = "Failure";
}

/** The command line is wrong; the message is one clear sentence. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** No server can be reached; the message is one clear sentence. */
export class NoServerError extends Error {
  override readonly name = "NoServerError";
}

/** Errors whose message says all. */
const SENTENCES = [Failure, StartError, ControlError];

/** Logs `error`, one line a problem, and returns the exit code. */
export function reportFailure(error: unknown): ExitCode {
  if (error instanceof ConfigError) {
    for (const problem of error.problems) log("error", problem);
    return ExitCode.FAILED;
  }
  if (error instanceof UsageError) {
    log("error", error.message);
    return ExitCode.USAGE;
  }
  if (error instanceof NoServerError) {
    log("error", error.message);
    return ExitCode.NO_SERVER;
  }
  if (error instanceof TreeError) {
    log("error", `${error.errno}: ${error.message}`);
    return ExitCode.FAILED;
  }
  if (SENTENCES.some((kind) => error instanceof kind)) {
    log("error", (error as Error).message);
    return ExitCode.FAILED;
  }
  log("error", bugLine(error));
  return ExitCode.FAILED;
}
