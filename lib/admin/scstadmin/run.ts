/** One call of scstadmin: from its command line to its exit code. */
import { ConfigError } from "../../config/problem.ts";
import type { TreeClient } from "../tree_client.ts";
import { TreeError } from "../tree.ts";
import { debugClient } from "./debug_client.ts";
import { dumpedLines } from "./dump.ts";
import { helpText } from "./help.ts";
import { type CommandLine, flagsOf, OptionError, parseOptions, type Request } from "./options.ts";
import { readRunning } from "./running.ts";
import { type Caller, Fatal, Session } from "./session.ts";

/** Exit codes besides those of error_codes.ts. */
const OK = 0;
const FAILED = 1;
const NO_SERVER = 2;

/**
 * Does what `args` ask for, and returns the exit code. `connect` leads to the server, and rejects
 * with an Error where there is none. Rejects with what is a bug.
 */
export async function runScstadmin(
  args: readonly string[],
  connect: () => Promise<TreeClient>,
  caller: Caller,
): Promise<number> {
  let line: CommandLine;
  try {
    line = parseOptions(args);
  } catch (error) {
    if (!(error instanceof OptionError)) throw error;
    caller.print(`${error.message}.`);
    return FAILED;
  }
  const { switches } = line;
  if (switches.has("h") || switches.has("help")) {
    caller.print(helpText());
    return OK;
  }
  const client = await reach(connect, caller);
  if (client === undefined) return NO_SERVER;
  const debugged = switches.has("debug") ? debugClient(client, caller.print) : client;
  const session = new Session(debugged, caller, flagsOf(switches));
  try {
    // As scstadmin: who reads the output knows from this line that the server is there.
    await readRunning(client);
    caller.print("\nCollecting current configuration: done.\n");
    if (switches.has("dumpAttrs")) {
      for await (const text of dumpedLines(client)) caller.print(text);
    }
    let code = OK;
    for (const request of line.requests) code = await perform(session, request);
    caller.print("\nAll done.");
    return code;
  } catch (error) {
    return told(error, caller);
  }
}

/** The way to the server; undefined where there is none, which is then said. */
async function reach(
  connect: () => Promise<TreeClient>,
  { print }: Caller,
): Promise<TreeClient | undefined> {
  try {
    const client = await connect();
    await client.read("version");
    return client;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    print(`SCST does not answer. Is the server running? ${why}`);
    return undefined;
  }
}

async function perform(session: Session, { operation, input }: Request): Promise<number> {
  const { asks = false } = operation;
  const isAsked = asks === "with -force" ? session.flags.force === true : asks;
  if (isAsked && !await session.agrees()) return OK;
  const result = await operation.run(session, input) ?? OK;
  if (typeof result === "number") return result;
  session.print(`\n\nWARNING: Received the following error:\n\n\t${result.sentence}.\n`);
  return result.code;
}

/** Says what ended the call early, and returns the exit code. */
function told(error: unknown, { print }: Caller): number {
  const fatal = (text: string) => print(`\n\nFATAL: Received the following error:\n\n\t${text}\n`);
  if (error instanceof ConfigError) {
    fatal(error.problems.join("\n\t"));
    return FAILED;
  }
  if (error instanceof Fatal) {
    fatal(`${error.message}.`);
    return error.exitCode;
  }
  if (error instanceof TreeError) {
    fatal(`${error.message} (${error.errno}).`);
    return FAILED;
  }
  throw error;
}
