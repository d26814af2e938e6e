/** Where the control socket of a server is. */
import { PLACES } from "../../ffi/places.ts";
import { absolutePath } from "./state_dir.ts";
import type { VerbOption } from "./verb.ts";
import { Failure } from "./failure.ts";

const SYSTEM_PATH = PLACES.control;

/** The option of every verb that talks to a server. */
export const SOCKET_OPTION: VerbOption = {
  name: "socket",
  value: "PATH",
  description:
    `the server's control socket (default: SCST_CONTROL, else ${SYSTEM_PATH}; without that, and for others than root, $XDG_RUNTIME_DIR/scst/control)`,
  completion: "file",
};

/** The socket as an absolute path: `given`, else the default of this user. Throws Failure. */
export function controlPath(given: string | undefined): string {
  if (given !== undefined) return absolutePath(given);
  return defaultControlPath((name) => Deno.env.get(name), Deno.uid(), exists(SYSTEM_PATH));
}

/**
 * The socket of the user `uid` with the environment `env`: the system's where there is one, whoever
 * asks; else a server of the user's own may run. Throws Failure.
 */
export function defaultControlPath(
  env: (name: string) => string | undefined,
  uid: number | null,
  hasSystemSocket: boolean,
): string {
  const named = env("SCST_CONTROL");
  if (named) return absolutePath(named);
  if (uid === 0 || hasSystemSocket) return SYSTEM_PATH;
  // The XDG Base Directory Specification has relative paths ignored.
  const runtime = env("XDG_RUNTIME_DIR");
  if (runtime?.startsWith("/")) return `${runtime}/scst/control`;
  throw new Failure(
    "Cannot tell where the control socket is, as XDG_RUNTIME_DIR is not set: name it with --socket",
  );
}

function exists(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return true;
  } catch {
    return false;
  }
}
