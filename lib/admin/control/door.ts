/** The Unix socket through which this machine's administrators reach the management tree. */
import type { TreeDirectory } from "../tree.ts";
import type { ControlLimits } from "./connection.ts";
import { HttpServer } from "./http_server.ts";
import type { ControlRoute } from "./route.ts";
import { listenAt } from "./socket_file.ts";
import { treeRoute } from "./tree_route.ts";

export interface ControlDoorOptions {
  /** Where the socket is, as an absolute path. */
  readonly path: string;
  /** Id of the group whose members may use it; the group of the process where it is left out. */
  readonly gid?: number | undefined;
  /** What is reached beside the tree. */
  readonly routes?: readonly ControlRoute[];
  /** Milliseconds that clients may take; those below where left out. */
  readonly limits?: ControlLimits;
}

export interface ControlDoor {
  readonly path: string;
  /** Takes the socket away; what is under way is answered, if it does not take long. */
  close(): Promise<void>;
}

const LIMITS: ControlLimits = { idle: 60_000, request: 10_000, answer: 10_000 };
/** Clients at one time; each takes a descriptor of those that initiators need too. */
const MAX_CONNECTIONS = 64;

/** Opens the door. Rejects with a ControlError, a sentence about why it cannot be opened. */
export async function openControlDoor(
  root: TreeDirectory,
  { path, gid, routes = [], limits = LIMITS }: ControlDoorOptions,
): Promise<ControlDoor> {
  const file = await listenAt(path, gid);
  const server = new HttpServer({
    name: "control socket",
    accept: () => file.listener.accept(),
    stopListening: () => file.close(),
    routes: [treeRoute(root), ...routes],
    limits,
    maxConnections: MAX_CONNECTIONS,
  });
  return { path, close: () => server.close() };
}
