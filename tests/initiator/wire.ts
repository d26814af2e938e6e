/** The connection under a well-behaved session: numbers requests, sends in order, receives for ever. */
import type { LoginResult } from "./login.ts";
import { DigestError, type Pdu } from "./pdu.ts";
import { ANSWER_LIMIT_MS, type RawConnection } from "./raw.ts";
import type { Numbers } from "./requests.ts";
import { isAfter, ProtocolViolation, Witness } from "./witness.ts";
import { within } from "./within.ts";

/** A wait without a limit of its own: the longest that a timer takes. */
const FOR_EVER_MS = 2 ** 31 - 1;

function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}

export class Wire implements AsyncDisposable {
  readonly witness: Witness;
  readonly #raw: RawConnection;
  readonly #take: (pdu: Pdu) => void;
  readonly #ended: Promise<void>;
  readonly #failed = Promise.withResolvers<never>();
  #failure: Error | undefined;
  /** Whether a caller has been told of the failure. */
  #reported = false;
  #progress = Promise.withResolvers<void>();
  #sending: Promise<void> = Promise.resolve();
  #cmdSn: number;
  #itt = 1;

  /** Starts to receive; `take` gets every PDU after its numbers have been checked, and may throw. */
  constructor(raw: RawConnection, start: LoginResult, take: (pdu: Pdu) => void) {
    this.#raw = raw;
    this.#take = take;
    this.#cmdSn = start.cmdSn;
    this.witness = new Witness(start);
    this.#failed.promise.catch(() => {});
    this.#ended = this.#receive();
  }

  get cmdSn(): number {
    return this.#cmdSn;
  }

  /** Numbers for a PDU of immediate delivery, which takes no CmdSN. */
  immediateNumbers(): Numbers {
    const { expStatSn } = this.witness;
    return { itt: this.#nextTag(), cmdSn: this.#cmdSn, expStatSn, immediate: true };
  }

  /** Takes the next CmdSN, as soon as the window allows it. */
  async numbers(): Promise<Numbers> {
    while (isAfter(this.#cmdSn, this.witness.maxCmdSn)) {
      await this.limited(this.#progress.promise, "opening of the command window");
    }
    const cmdSn = this.#cmdSn;
    this.#cmdSn = cmdSn + 1 >>> 0;
    return { itt: this.#nextTag(), cmdSn, expStatSn: this.witness.expStatSn };
  }

  /** Queues a PDU; `before` runs when its turn comes. */
  send(pdu: Pdu, before?: () => void): void {
    const bytes = pdu.encode({}, this.#raw.digests);
    const send = () => {
      before?.();
      return this.#raw.send(bytes);
    };
    this.#sending = this.#sending.then(send).catch((error) => this.#fail(asError(error)));
  }

  /** Waits for a promise, but no longer than the connection lives, and not for ever. */
  async limited<T>(promise: Promise<T>, what: string): Promise<T> {
    const failure = () => new Error(`Waited in vain for ${what}`);
    try {
      return await within(Promise.race([promise, this.#failed.promise]), ANSWER_LIMIT_MS, failure);
    } catch (error) {
      this.#reported ||= error === this.#failure;
      throw error;
    }
  }

  /** Waits until the target has closed the connection. */
  async closed(): Promise<void> {
    const failure = () => new Error("Connection was not closed in time");
    await within(this.#ended, ANSWER_LIMIT_MS, failure);
  }

  /** Ends the connection; throws if the target broke a rule and nobody has been told yet. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#raw.close();
    await this.#ended;
    await this.#sending;
    const isOfTarget = this.#failure instanceof ProtocolViolation ||
      this.#failure instanceof DigestError;
    if (isOfTarget && !this.#reported) throw this.#failure;
  }

  #nextTag(): number {
    const itt = this.#itt;
    this.#itt = itt + 1 >>> 0;
    return itt;
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    this.#failed.reject(error);
  }

  async #receive(): Promise<void> {
    try {
      while (true) {
        const pdu = await this.#raw.receive(FOR_EVER_MS);
        if (pdu === undefined) break;
        this.witness.observe(pdu);
        this.#take(pdu);
        this.#progress.resolve();
        this.#progress = Promise.withResolvers();
      }
      this.#fail(new Error("Connection was closed"));
    } catch (error) {
      this.#fail(asError(error));
    } finally {
      this.#raw.close();
    }
  }
}
