/** A TCP connection that messages come and go by, each within a time, and not too many of them. */
import { IsnsFormatError } from "./attribute.ts";
import { encodeMessage, type Message, MessageReader } from "./message.ts";

/** Milliseconds for a message that has begun to be there, and for one to be taken by the peer. */
const MESSAGE_TIMEOUT = 10_000;

/** Messages that a peer may send in so many milliseconds. */
const MESSAGES_MOST = 256;
const MESSAGES_INTERVAL = 1000;

const RECEIVE_LENGTH = 64 * 1024;

export class Wire {
  readonly #conn: Deno.TcpConn;
  readonly #reader: MessageReader;
  /** Why it was closed from here. */
  #reason: string | undefined = undefined;
  /** The message that is being sent: they follow each other, as writes may be cut anywhere. */
  #sending: Promise<unknown> = Promise.resolve();
  #count = 0;
  #countedSince = performance.now();

  /** Takes over a connection; `most` is how many bytes the payload of a message may have. */
  constructor(conn: Deno.TcpConn, most: number) {
    this.#conn = conn;
    this.#reader = new MessageReader(most);
  }

  /** The address of the peer, and that by which it is reached from here. */
  get remote(): string {
    return this.#conn.remoteAddr.hostname;
  }

  get local(): string {
    return this.#conn.localAddr.hostname;
  }

  /**
   * Hands over each message, one at a time, until the end. Resolves with why it ended, as a part of a
   * sentence; whatever `handle` throws ends it too.
   */
  async receive(handle: (message: Message) => Promise<void> | void): Promise<string> {
    const buffer = new Uint8Array(RECEIVE_LENGTH);
    let timer: ReturnType<typeof setTimeout> | undefined;
    try {
      for (;;) {
        const length = await this.#conn.read(buffer);
        if (length === null) return this.#reason ?? "it closed the connection";
        for (const message of this.#reader.take(buffer.subarray(0, length))) {
          clearTimeout(timer);
          timer = undefined;
          this.#countMessage();
          await handle(message);
        }
        if (this.#reader.isWithin) {
          timer ??= setTimeout(() => this.close("it does not end its message"), MESSAGE_TIMEOUT);
        }
      }
    } catch (error) {
      return this.#reason ?? reasonOf(error);
    } finally {
      clearTimeout(timer);
      this.close("closed");
    }
  }

  /** Sends a message; the connection ends if the peer does not take it in time. Throws when it has. */
  send(message: Message): Promise<void> {
    const sent = this.#sending.then(() => this.#send(encodeMessage(message)));
    this.#sending = sent.catch(() => {});
    return sent;
  }

  async #send(bytes: Uint8Array): Promise<void> {
    const timer = setTimeout(() => this.close("it takes no message"), MESSAGE_TIMEOUT);
    try {
      for (let sent = 0; sent < bytes.length;) {
        sent += await this.#conn.write(bytes.subarray(sent));
      }
    } catch (error) {
      throw new Error(this.#reason ?? reasonOf(error), { cause: error });
    } finally {
      clearTimeout(timer);
    }
  }

  close(reason: string): void {
    if (this.#reason !== undefined) return;
    this.#reason = reason;
    this.#conn.close();
  }

  #countMessage(): void {
    const now = performance.now();
    if (now - this.#countedSince >= MESSAGES_INTERVAL) {
      this.#countedSince = now;
      this.#count = 0;
    }
    this.#count += 1;
    if (this.#count > MESSAGES_MOST) throw new IsnsFormatError("too many messages");
  }
}

/** An error as a part of a sentence. */
export function reasonOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return error instanceof IsnsFormatError ? `it sent ${text}` : text;
}
