/** An iSNS server of the tests: answers as it is told to, well or badly. */
import type { Attribute } from "../../lib/isns/attribute.ts";
import { RESPONSE } from "../../lib/isns/function_id.ts";
import { encodeMessage, type Message, MessageReader } from "../../lib/isns/message.ts";
import { Flag } from "../../lib/isns/pdu.ts";

/** What becomes of a request: bytes to send, if any. */
export type Behaviour = (request: Message, conn: Deno.TcpConn) => Promise<void> | void;

/** The PDU of a message as a server sends it. */
export function serverPdu(message: Message): Uint8Array<ArrayBuffer> {
  const bytes = encodeMessage(message);
  const view = new DataView(bytes.buffer);
  view.setUint16(6, view.getUint16(6) & ~Flag.CLIENT | Flag.SERVER);
  return bytes;
}

/** A response to a request. */
export function response(
  { functionId, transactionId }: Message,
  status = 0,
  attributes: readonly Attribute[] = [],
): Uint8Array<ArrayBuffer> {
  return serverPdu({ functionId: functionId | RESPONSE, transactionId, status, attributes });
}

/** Sends all of the bytes; a peer that has gone is no failure. */
export async function sendAll(conn: Deno.TcpConn, bytes: Uint8Array): Promise<void> {
  try {
    for (let sent = 0; sent < bytes.length;) sent += await conn.write(bytes.subarray(sent));
  } catch { /* it has gone */ }
}

/** Agrees to everything. */
export const obliging: Behaviour = (request, conn) => sendAll(conn, response(request));

export class IsnsStandIn implements AsyncDisposable {
  /** Every request that came, in order. */
  readonly requests: Message[] = [];
  /** When each connection came, in milliseconds. */
  readonly connected: number[] = [];
  behaviour: Behaviour;
  readonly #listener: Deno.TcpListener;
  readonly #conns = new Set<Deno.TcpConn>();
  readonly #tasks = new Set<Promise<void>>();
  #watchers = new Set<() => void>();

  constructor(behaviour: Behaviour = obliging, port = 0) {
    this.behaviour = behaviour;
    this.#listener = Deno.listen({ hostname: "127.0.0.1", port });
    this.#track(this.#accept());
  }

  get port(): number {
    return this.#listener.addr.port;
  }

  /** Resolves when `isSo`, looked at whenever something comes. */
  async until(isSo: () => boolean, limitMs = 10_000): Promise<void> {
    const end = performance.now() + limitMs;
    while (!isSo()) {
      if (performance.now() > end) throw new Error("The iSNS client did not do what was expected");
      await new Promise<void>((resolve) => {
        const timer = setTimeout(done, 50);
        const watchers = this.#watchers;
        function done() {
          clearTimeout(timer);
          watchers.delete(done);
          resolve();
        }
        watchers.add(done);
      });
    }
  }

  /** Ends the connections that there are. */
  drop(): void {
    for (const conn of this.#conns) close(conn);
    this.#conns.clear();
  }

  /** Sends the same on all connections. */
  async tell(bytes: Uint8Array): Promise<void> {
    for (const conn of this.#conns) await sendAll(conn, bytes);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    close(this.#listener);
    this.drop();
    await Promise.all(this.#tasks);
  }

  #track(task: Promise<void>): void {
    this.#tasks.add(task);
    task.finally(() => this.#tasks.delete(task));
  }

  async #accept(): Promise<void> {
    try {
      for await (const conn of this.#listener) {
        this.connected.push(performance.now());
        this.#conns.add(conn);
        this.#track(this.#serve(conn));
        this.#notify();
      }
    } catch { /* closed */ }
  }

  async #serve(conn: Deno.TcpConn): Promise<void> {
    const reader = new MessageReader(2 ** 20);
    const buffer = new Uint8Array(65536);
    try {
      for (;;) {
        const length = await conn.read(buffer);
        if (length === null) break;
        for (const message of reader.take(buffer.subarray(0, length))) {
          this.requests.push(message);
          this.#notify();
          await this.behaviour(message, conn);
        }
      }
    } catch { /* it ended */ }
    this.#conns.delete(conn);
    close(conn);
  }

  #notify(): void {
    for (const watch of [...this.#watchers]) watch();
  }
}

function close(resource: { close(): void }): void {
  try {
    resource.close();
  } catch { /* closed already */ }
}
