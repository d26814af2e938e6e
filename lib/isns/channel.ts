/** The connection to a server: one request after the other, each answered in time. */
import { nameOfFunction, RESPONSE } from "./function_id.ts";
import { answerInquiry, type InquiryHandlers } from "./inquiry.ts";
import type { Message } from "./message.ts";
import type { Request } from "./registration.ts";
import { Wire } from "./wire.ts";
import { IsnsFormatError } from "./attribute.ts";

/** Milliseconds for a connection to be there, and for an answer. */
const CONNECT_TIMEOUT = 10_000;
const ANSWER_TIMEOUT = 10_000;

/** Bytes of an answer: some thousand names. */
const ANSWER_MOST = 2 ** 20;

interface Pending {
  readonly functionId: number;
  readonly transactionId: number;
  readonly resolve: (answer: Message) => void;
  readonly reject: (error: Error) => void;
}

export class Channel {
  /** Resolves with why the connection has ended, as a part of a sentence. */
  readonly ended: Promise<string>;
  readonly #wire: Wire;
  readonly #handlers: InquiryHandlers;
  #pending: Pending | undefined = undefined;
  #why: string | undefined = undefined;
  #lastTransaction = 0;

  private constructor(conn: Deno.TcpConn, handlers: InquiryHandlers) {
    this.#wire = new Wire(conn, ANSWER_MOST);
    this.#handlers = handlers;
    this.ended = this.#wire.receive((message) => this.#take(message)).then((why) => {
      this.#why = why;
      this.#pending?.reject(new Error(why));
      return why;
    });
  }

  /** Connects to a server. Throws with why that cannot be. */
  static async open(
    server: { readonly hostname: string; readonly port: number },
    handlers: InquiryHandlers,
  ): Promise<Channel> {
    let isLate = false;
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(() => {
      isLate = true;
      late.reject(new Error(`no connection within ${CONNECT_TIMEOUT / 1000} s`));
    }, CONNECT_TIMEOUT);
    const connecting = Deno.connect(server).then((conn) => {
      if (isLate) conn.close();
      return conn;
    });
    connecting.catch(() => {}); // when it comes too late
    try {
      return new Channel(await Promise.race([connecting, late.promise]), handlers);
    } finally {
      clearTimeout(timer);
    }
  }

  /** The address of the server, and that by which it is reached from here. */
  get remote(): string {
    return this.#wire.remote;
  }

  get local(): string {
    return this.#wire.local;
  }

  get isOpen(): boolean {
    return this.#why === undefined;
  }

  /** Has a request answered; none other is under way. Throws when the connection ends before. */
  async request({ functionId, attributes, isReplacing = false }: Request): Promise<Message> {
    if (this.#why !== undefined) throw new Error(this.#why);
    this.#lastTransaction = this.#lastTransaction % 0xffff + 1;
    const transactionId = this.#lastTransaction;
    const { promise, resolve, reject } = Promise.withResolvers<Message>();
    promise.catch(() => {}); // sending may fail before anybody waits for it
    this.#pending = { functionId, transactionId, resolve, reject };
    const what = `it did not answer ${nameOfFunction(functionId)} within ${
      ANSWER_TIMEOUT / 1000
    } s`;
    const timer = setTimeout(() => this.close(what), ANSWER_TIMEOUT);
    try {
      await this.#wire.send({
        functionId,
        transactionId,
        status: undefined,
        attributes,
        isReplacing,
      });
      return await promise;
    } finally {
      clearTimeout(timer);
      this.#pending = undefined;
    }
  }

  close(reason = "closed"): void {
    this.#wire.close(reason);
  }

  async #take(message: Message): Promise<void> {
    if (message.status === undefined) {
      return await this.#wire.send(answerInquiry(message, this.#handlers));
    }
    const pending = this.#pending;
    const { functionId, transactionId } = message;
    const name = `${nameOfFunction(functionId)} with transaction ID ${transactionId}`;
    if (
      pending === undefined || pending.transactionId !== transactionId ||
      (pending.functionId | RESPONSE) !== functionId
    ) throw new IsnsFormatError(`${name}, which answers nothing`);
    this.#pending = undefined;
    pending.resolve(message);
  }
}
