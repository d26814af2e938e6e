/** A connection that sends any bytes and hands out the PDUs it receives, judging nothing. */
import {
  announcedLength,
  decodePdu,
  type Digests,
  type Lengths,
  NO_DIGESTS,
  opcodeName,
  type Pdu,
} from "./pdu.ts";
import { within } from "./within.ts";

/** How long to wait for an answer by default: generous, as test machines are slow. */
export const ANSWER_LIMIT_MS = 15_000;

export interface Address {
  readonly host: string;
  readonly port: number;
}

/** What a wait that ran out of time rejects with. */
export class SilenceError extends Error {
  override readonly name = "SilenceError";
}

export class RawConnection implements Disposable {
  /** What PDUs have in both directions from now on; to be set at the end of the login. */
  digests: Digests = NO_DIGESTS;
  readonly #conn: Deno.TcpConn;
  readonly #chunk = new Uint8Array(256 * 1024);
  #received = new Uint8Array();
  /** A read that outlived the wait it was started for. */
  #reading: Promise<number | null> | undefined;
  #open = true;

  private constructor(conn: Deno.TcpConn) {
    this.#conn = conn;
  }

  static async connect(address: Address): Promise<RawConnection> {
    const conn = await Deno.connect({ hostname: address.host, port: address.port });
    conn.setNoDelay(true);
    return new RawConnection(conn);
  }

  /** `HOST:PORT` of this end, as the server's log names its peer. */
  get localName(): string {
    const { hostname, port } = this.#conn.localAddr;
    return hostname.includes(":") ? `[${hostname}]:${port}` : `${hostname}:${port}`;
  }

  async send(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length;) at += await this.#conn.write(bytes.subarray(at));
  }

  async sendPdu(pdu: Pdu, lengths: Lengths = {}): Promise<void> {
    await this.send(pdu.encode(lengths, this.digests));
  }

  /**
   * The next PDU, or undefined when the other end has closed the connection.
   *
   * @throws DigestError if it has a wrong digest
   * @throws SilenceError after `limitMs` without one
   */
  async receive(limitMs: number = ANSWER_LIMIT_MS): Promise<Pdu | undefined> {
    const deadline = performance.now() + limitMs;
    while (true) {
      const length = announcedLength(this.#received, this.digests);
      if (length !== undefined && this.#received.length >= length) {
        const pdu = decodePdu(this.#received, this.digests);
        this.#received = this.#received.subarray(length);
        return pdu;
      }
      if (!await this.#fill(deadline - performance.now())) return undefined;
    }
  }

  /** The next PDU, which must have the given opcode. */
  async expect(opcode: number, limitMs: number = ANSWER_LIMIT_MS): Promise<Pdu> {
    const pdu = await this.receive(limitMs);
    if (pdu === undefined) throw new Error(`Expected ${opcodeName(opcode)}: connection closed`);
    if (pdu.opcode !== opcode) {
      throw new Error(`Expected ${opcodeName(opcode)}: got ${opcodeName(pdu.opcode)}`);
    }
    return pdu;
  }

  /** Waits until the other end closes; returns the PDUs that came before. */
  async receiveUntilClosed(limitMs: number = ANSWER_LIMIT_MS): Promise<Pdu[]> {
    const deadline = performance.now() + limitMs;
    const pdus: Pdu[] = [];
    while (true) {
      const pdu = await this.receive(deadline - performance.now());
      if (pdu === undefined) return pdus;
      pdus.push(pdu);
    }
  }

  /**
   * Takes what has come off the wire unseen and returns how many bytes that were; waits for one at
   * least.
   */
  async skip(): Promise<number> {
    if (this.#received.length === 0 && !await this.#fill(ANSWER_LIMIT_MS)) {
      throw new Error("Connection was closed");
    }
    const { length } = this.#received;
    this.#received = new Uint8Array();
    return length;
  }

  /** Says that nothing more will be sent (FIN), and keeps receiving. */
  async closeWrite(): Promise<void> {
    await this.#conn.closeWrite();
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#conn.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** Reads once into the buffer; false at the end of the stream, which a reset is, too. */
  async #fill(limitMs: number): Promise<boolean> {
    this.#reading ??= this.#conn.read(this.#chunk).catch(() => null);
    const silence = () => new SilenceError("Nothing was received in time");
    const count = await within(this.#reading, limitMs, silence);
    this.#reading = undefined;
    if (count === null) return false;
    const joined = new Uint8Array(this.#received.length + count);
    joined.set(this.#received);
    joined.set(this.#chunk.subarray(0, count), this.#received.length);
    this.#received = joined;
    return true;
  }
}
