/** Where scst keeps what has to survive a restart. */
import { PLACES } from "../../ffi/places.ts";
import { reason } from "../config/read_text.ts";
import { makeDirectory } from "../config/save_text.ts";
import { log } from "../log.ts";
import { Failure } from "./failure.ts";
import type { VerbOption } from "./verb.ts";

const ROOT_STATE_DIR = PLACES.state;

/** The option of verbs that use the state directory. */
export const STATE_OPTION: VerbOption = {
  name: "state",
  value: "DIR",
  description: `where device ids are kept (default: ${ROOT_STATE_DIR} for root)`,
  completion: "directory",
};

/** The state directory as an absolute path: `given`, else the default of this user. Throws Failure. */
export function stateDir(given: string | undefined): string {
  if (given !== undefined) return absolutePath(given);
  return defaultStateDir((name) => Deno.env.get(name), Deno.uid());
}

/** `path` seen from the working directory. */
export function absolutePath(path: string): string {
  return path.startsWith("/") ? path : `${Deno.cwd()}/${path}`;
}

/** The state directory of the user `uid` with the environment `env`. Throws Failure. */
export function defaultStateDir(
  env: (name: string) => string | undefined,
  uid: number | null,
): string {
  // systemd gives a list if the unit names several (systemd.exec(5), StateDirectory=).
  const granted = env("STATE_DIRECTORY")?.split(":")[0];
  if (granted) return granted;
  if (uid === 0) return ROOT_STATE_DIR;
  // The XDG Base Directory Specification has relative paths ignored.
  const xdg = env("XDG_STATE_HOME");
  if (xdg?.startsWith("/")) return `${xdg}/scst`;
  const home = env("HOME");
  if (home?.startsWith("/")) return `${home}/.local/state/scst`;
  throw new Failure(
    "Cannot tell where to keep state, as HOME is not set: name a directory with --state",
  );
}

/**
 * Makes the state directory where there is none. A server may do without one as long as nothing has to
 * be saved, so that it is only a line of the log when that fails.
 */
export function makeStateDir(path: string): void {
  try {
    makeDirectory(path);
  } catch (error) {
    const lost = "reservations (APTPL) and mode pages cannot be saved, and WRITE ATOMIC fails";
    log("warning", `Cannot make the state directory ${path}: ${reason(error)}; ${lost}`);
  }
}
