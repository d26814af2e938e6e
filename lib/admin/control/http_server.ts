/** HTTP for a few clients, each of which may take little time and memory: one door of the server. */
import { log } from "../../log.ts";
import { errorAnswer } from "./answer.ts";
import { ControlConnection, type ControlLimits, type Guard } from "./connection.ts";
import type { ControlRoute } from "./route.ts";

export interface HttpServerOptions {
  /** For the log: `control socket`. */
  readonly name: string;
  readonly accept: () => Promise<Deno.Conn>;
  /** Has accept() reject from now on. */
  readonly stopListening: () => void;
  readonly routes: readonly ControlRoute[];
  readonly limits: ControlLimits;
  /** Clients at one time. */
  readonly maxConnections: number;
  /** Whom nothing is told; everybody may ask where it is left out. */
  readonly guard?: Guard;
}

/** Clients above maxConnections that are being told so. */
const MAX_REFUSALS = 16;
/** Milliseconds that requests under way have at the end. */
const CLOSE_LIMIT_MS = 2_000;
/** Milliseconds until the next try after a failure to accept, as without descriptors. */
const ACCEPT_PAUSE_MS = 100;

export class HttpServer {
  readonly #options: HttpServerOptions;
  /** The running ones, the oldest first. */
  readonly #connections = new Map<ControlConnection, Promise<void>>();
  readonly #refusals = new Set<ControlConnection>();
  readonly #accepting: Promise<void>;
  #isClosed = false;

  constructor(options: HttpServerOptions) {
    this.#options = options;
    this.#accepting = this.#accept();
  }

  /** Takes no more clients; what is under way is answered, if it does not take long. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#options.stopListening();
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
        this.#welcome(await this.#options.accept());
        isTroubled = false;
      } catch (error) {
        if (this.#isClosed) return;
        if (!isTroubled) {
          log("warning", `The ${this.#options.name} cannot accept clients: ${error}`);
        }
        isTroubled = true;
        await pause(ACCEPT_PAUSE_MS);
      }
    }
  }

  #welcome(conn: Deno.Conn): void {
    const { routes, limits, guard, maxConnections } = this.#options;
    const connection = new ControlConnection(conn, routes, limits, guard);
    if (this.#connections.size >= maxConnections && !this.#dismissIdle()) {
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
    const message =
      `There are ${this.#options.maxConnections} other clients with requests: try again`;
    void connection.refuse(errorAnswer(503, "EAGAIN", message)).then(() => {
      this.#refusals.delete(connection);
    });
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
