/** The ports at which a server reaches us: for inquiries (ESI) and notices of changes (SCN). */
import { bugLine } from "../bug.ts";
import { log } from "../log.ts";
import { answerInquiry, type InquiryHandlers } from "./inquiry.ts";
import { reasonOf, Wire } from "./wire.ts";

/** Addresses that are listened on; one is enough for a server (RFC 4171 6.3.4). */
const PORTS_MOST = 16;

/** Connections at one time; the server has one. */
const WIRES_MOST = 8;

/** Bytes of a message. */
const MESSAGE_MOST = 64 * 1024;

/** Milliseconds from one connection to the next. */
const ACCEPT_PAUSE = 10;

export class InquiryPorts {
  readonly #handlers: InquiryHandlers;
  #listeners = new Map<string, Deno.TcpListener | undefined>();
  /** The oldest one first. */
  #wires = new Set<Wire>();
  /** The address of the server, whose connections do not yield to those of others. */
  #server = "";

  constructor(handlers: InquiryHandlers) {
    this.#handlers = handlers;
  }

  set server(address: string) {
    this.#server = address;
  }

  /** Listens at these addresses, as far as that is possible, and at no other. */
  listenAt(hostnames: readonly string[]): void {
    const wanted = new Set(hostnames.slice(0, PORTS_MOST));
    for (const [hostname, listener] of this.#listeners) {
      if (wanted.has(hostname)) continue;
      listener?.close();
      this.#listeners.delete(hostname);
    }
    for (const hostname of wanted) {
      if (!this.#listeners.has(hostname)) this.#listeners.set(hostname, this.#listen(hostname));
    }
  }

  /** The port at an address that is listened on. */
  portAt(hostname: string): number | undefined {
    return this.#listeners.get(hostname)?.addr.port;
  }

  close(): void {
    for (const listener of this.#listeners.values()) listener?.close();
    this.#listeners.clear();
    for (const wire of this.#wires) wire.close("closed");
  }

  #listen(hostname: string): Deno.TcpListener | undefined {
    try {
      const listener = Deno.listen({ hostname, port: 0 });
      this.#accept(listener).catch((error) => log("error", bugLine(error, "iSNS")));
      return listener;
    } catch (error) {
      log("warning", `iSNS: cannot be asked at ${hostname}: ${reasonOf(error)}`);
      return undefined;
    }
  }

  async #accept(listener: Deno.TcpListener): Promise<void> {
    for (;;) {
      let conn: Deno.TcpConn;
      try {
        conn = await listener.accept();
      } catch (error) {
        if (error instanceof Deno.errors.BadResource) return; // closed
        if (error instanceof Deno.errors.Interrupted) return; // closed meanwhile
        await pause(1000); // out of descriptors
        continue;
      }
      this.#serve(new Wire(conn, MESSAGE_MOST));
      await pause(ACCEPT_PAUSE);
    }
  }

  #serve(wire: Wire): void {
    if (this.#wires.size >= WIRES_MOST) {
      const [oldest] = this.#wires;
      const stranger = [...this.#wires].find(({ remote }) => remote !== this.#server);
      (stranger ?? oldest)!.close("there are too many connections");
    }
    this.#wires.add(wire);
    wire.receive(async (message) => {
      if (message.status !== undefined) return; // nothing was asked here
      await wire.send(answerInquiry(message, this.#handlers));
    }).then((why) => {
      this.#wires.delete(wire);
      log("debug", `iSNS: inquiry connection from ${wire.remote} ended: ${why}`);
    });
  }
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
