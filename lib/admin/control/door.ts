/** The Unix socket through which this machine's administrators reach the management tree. */
import { log } from "../../log.ts";
import type { TreeDirectory } from "../tree.ts";
import { errorAnswer } from "./answer.ts";
import { ControlConnection, type ControlLimits } from "./connection.ts";
import type { ControlRoute } from "./route.ts";
import { listenAt, type SocketFile } from "./socket_file.ts";
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
/** Those above it that are being told so. */
const MAX_REFUSALS = 16;
/** Milliseconds that requests under way have at the end. */
const CLOSE_LIMIT_MS = 2_000;
/** Milliseconds until the next try after a failure to accept, as without descriptors. */
const ACCEPT_PAUSE_MS = 100;

/** Opens the door. Rejects with a ControlError, a sentence about why it cannot be opened. */
export async function openControlDoor(
  root: TreeDirectory,
  { path, gid, routes = [], limits = LIMITS }: ControlDoorOptions,
): Promise<ControlDoor> {
  const file = await listenAt(path, gid);
  return new OpenControlDoor(path, file, [treeRoute(root), ...routes], limits);
}

class OpenControlDoor implements ControlDoor {
  readonly path: string;
  readonly #file: SocketFile;
  readonly #routes: readonly ControlRoute[];
  readonly #limits: ControlLimits;
  /** The running ones, the oldest first. */
  readonly #connections = new Map<ControlConnection, Promise<void>>();
  readonly #refusals = new Set<ControlConnection>();
  readonly #accepting: Promise<void>;
  #isClosed = false;

  constructor(
    path: string,
    file: SocketFile,
    routes: readonly ControlRoute[],
    limits: ControlLimits,
  ) {
    this.path = path;
    this.#file = file;
    this.#routes = routes;
    this.#limits = limits;
    this.#accepting = this.#accept();
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#file.close();
    await this.#accepting;
    for (const connection of this.#refusals) connection.close();
    const running = [...this.#connections];
    for (const [connection] of running) connection.finish();
    const late = Promise.withResolvers<void>();
    const timer = setTimeout(late.resolve, CLOSE_LIMIT_MS);
    await Promise.race([Promise.all(running.map(([, end]) => end)), late.promise]);
    clearTimeout(timer);
    for (const [connection] of running) connection.close();
  }

  async #accept(): Promise<void> {
    let isTroubled = false;
    while (!this.#isClosed) {
      try {
        this.#welcome(await this.#file.listener.accept());
        isTroubled = false;
      } catch (error) {
        if (this.#isClosed) return;
        if (!isTroubled) log("warning", `The control socket cannot accept clients: ${error}`);
        isTroubled = true;
        await pause(ACCEPT_PAUSE_MS);
      }
    }
  }

  #welcome(conn: Deno.Conn): void {
    const connection = new ControlConnection(conn, this.#routes, this.#limits);
    if (this.#connections.size >= MAX_CONNECTIONS && !this.#dismissIdle()) {
      return this.#refuse(connection);
    }
    const end = connection.run().then(() => {
      this.#connections.delete(connection);
    });
    this.#connections.set(connection, end);
  }

  /** Closes the connection that has been there the longest of those that have no request. */
  #dismissIdle(): boolean {
    for (const connection of this.#connections.keys()) {
      if (!connection.isIdle) continue;
      connection.close();
      this.#connections.delete(connection);
      return true;
    }
    return false;
  }

  #refuse(connection: ControlConnection): void {
    if (this.#refusals.size >= MAX_REFUSALS) return connection.close();
    this.#refusals.add(connection);
    const message = `There are ${MAX_CONNECTIONS} other clients with requests: try again`;
    void connection.refuse(errorAnswer(503, "EAGAIN", message)).then(() => {
      this.#refusals.delete(connection);
    });
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
