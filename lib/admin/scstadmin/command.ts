/**
 * One write to the management tree. When it fails, what is and is not in the tree tells what the
 * reason was, as errno values are too few for that; the tree's own sentence is told as well.
 */
import type { TreeClient } from "../tree_client.ts";
import { TreeError } from "../tree.ts";
import { type Code, codeSentence } from "./error_codes.ts";

/** What explains a failure, if it holds. */
export interface Probe {
  readonly code: Code;
  readonly holds: (client: TreeClient) => boolean | Promise<boolean>;
}

export interface Command {
  readonly path: string;
  readonly text: string;
  /** The first that holds is the reason. */
  readonly probes: readonly Probe[];
  /** Where none of them does. */
  readonly otherwise: Code;
}

/** Why an operation failed. */
export interface Problem {
  readonly code: Code;
  /** One sentence, without a period. */
  readonly sentence: string;
}

/** Executes a command; undefined when it is done. Rejects only where the tree is out of reach. */
export async function execute(client: TreeClient, command: Command): Promise<Problem | undefined> {
  try {
    await client.write(command.path, command.text);
    return undefined;
  } catch (error) {
    if (!(error instanceof TreeError)) throw error;
    return problem(await reason(client, command), error);
  }
}

/** `code` with what the tree says of it. */
export function problem(code: Code, { errno, message }: TreeError): Problem {
  return { code, sentence: `${codeSentence(code)}: ${message} (${errno})` };
}

async function reason(client: TreeClient, { probes, otherwise }: Command): Promise<Code> {
  for (const { code, holds } of probes) if (await holds(client)) return code;
  return otherwise;
}

/** Holds where there is nothing at `path`. */
export function missing(path: string, code: Code): Probe {
  return { code, holds: async (client) => !await exists(client, path) };
}

/** Holds where there is something at `path`. */
export function there(path: string, code: Code): Probe {
  return { code, holds: (client) => exists(client, path) };
}

/** Holds where `condition` does. */
export function given(condition: boolean, code: Code): Probe {
  return { code, holds: () => condition };
}

/** Whether there is something at `path`. Its directory may have thousands of others, and is not asked. */
export async function exists(client: TreeClient, path: string): Promise<boolean> {
  try {
    await client.list(path);
    return true;
  } catch (error) {
    if (error instanceof TreeError) return error.errno === "ENOTDIR" && await isFile(client, path);
    throw error;
  }
}

/** Whether it is what `path` ends with that is no directory, and nothing on the way there. */
async function isFile(client: TreeClient, path: string): Promise<boolean> {
  const slash = path.lastIndexOf("/");
  const entries = await client.list(path.slice(0, Math.max(slash, 0))).catch(() => []);
  return entries.some(({ name }) => name === path.slice(slash + 1));
}
