/** One client of the control socket: its requests one after the other, with a time limit for each. */
import { bugLine } from "../../bug.ts";
import { log } from "../../log.ts";
import type { Answer } from "./answer.ts";
import { HttpError } from "./http_error.ts";
import type { RequestHead } from "./request_head.ts";
import { RequestReader } from "./request_reader.ts";
import { type ControlRoute, matchRoute } from "./route.ts";

/** Milliseconds that a client may take. */
export interface ControlLimits {
  /** Until it begins a request. */
  readonly idle: number;
  /** From the first byte of a request to its last. */
  readonly request: number;
  /** To receive an answer. */
  readonly answer: number;
}

/** Says whether a request is refused whatever it asks for. */
export type Guard = (head: RequestHead) => Answer | undefined;

/** Bytes that are read and thrown away so that a client who still sends gets to its answer. */
const LINGER_BYTES = 2 ** 20;

/** What a connection waits for; a handler is waited for without limit. */
type Phase = "idle" | "request" | "handler" | "answer";

const CONTINUE = new TextEncoder().encode("HTTP/1.1 100 Continue\r\n\r\n");

export class ControlConnection {
  readonly #conn: Deno.Conn;
  readonly #routes: readonly ControlRoute[];
  readonly #limits: ControlLimits;
  readonly #guard: Guard;
  readonly #reader: RequestReader;
  #phase: Phase = "idle";
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Ends the receiving that is under way with an error. */
  #giveUp: ((error: HttpError) => void) | undefined;
  #isLast = false;
  #isClosed = false;

  constructor(
    conn: Deno.Conn,
    routes: readonly ControlRoute[],
    limits: ControlLimits,
    guard: Guard = () => undefined,
  ) {
    this.#conn = conn;
    this.#guard = guard;
    this.#routes = routes;
    this.#limits = limits;
    this.#reader = new RequestReader((into) => this.#receive(into));
  }

  /** Whether nothing of a request has come: whoever is idle can be sent away. */
  get isIdle(): boolean {
    return this.#phase === "idle";
  }

  /** Serves until the client or a limit ends it. Never rejects. */
  async run(): Promise<void> {
    try {
      while (!this.#isLast) {
        this.#wait("idle");
        if (this.#reader.hasMore) this.#wait("request");
        if (!await this.#serveOne()) break;
      }
    } catch (error) {
      // What fails after close() are the calls that it has cut off; else the client has gone.
      if (!this.#isClosed && !isLoss(error)) {
        log("error", bugLine(error));
      }
    } finally {
      this.close();
    }
  }

  /** Answers what is under way, and no more. */
  finish(): void {
    this.#isLast = true;
    if (this.isIdle) this.close();
  }

  /** Sends a client away who is one too many. Never rejects. */
  async refuse(answer: Answer): Promise<void> {
    try {
      await this.#send(answer, { withBody: true, closes: true });
      await this.#linger();
    } catch { /* it has gone */ }
    this.close();
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#conn.close();
  }

  /** Resolves with false when there are no more requests. */
  async #serveOne(): Promise<boolean> {
    let head: RequestHead | undefined;
    try {
      head = await this.#reader.head();
      if (head === undefined) return false;
      const match = this.#guard(head) ??
        matchRoute(this.#routes, head.method, head.target, head.fields);
      if (!("answer" in match)) return await this.#refuseRequest(match, head.method !== "HEAD");
      if (head.expectsContinue && head.length !== 0 && !isTooLong(head, match.maxBody)) {
        await write(this.#conn, CONTINUE);
      }
      const body = await this.#reader.body(head, match.maxBody);
      this.#wait("handler");
      const answer = await match.answer(body);
      const closes = head.closes || this.#isLast;
      await this.#send(answer, { withBody: head.method !== "HEAD", closes });
      return !closes;
    } catch (error) {
      if (!(error instanceof HttpError)) throw error;
      return await this.#refuseRequest(error.answer, head?.method !== "HEAD");
    }
  }

  /** Where the next request would begin is not known then. */
  async #refuseRequest(answer: Answer, withBody: boolean): Promise<false> {
    await this.#send(answer, { withBody, closes: true });
    await this.#linger();
    return false;
  }

  async #send(answer: Answer, how: { withBody: boolean; closes: boolean }): Promise<void> {
    this.#wait("answer");
    await write(this.#conn, encodeAnswer(answer, how));
  }

  /** Closing with bytes unread would reset the connection, and the answer could be lost. */
  async #linger(): Promise<void> {
    await this.#conn.closeWrite();
    const into = new Uint8Array(16384);
    for (let left = LINGER_BYTES; left > 0;) {
      const count = await this.#conn.read(into);
      if (count === null) break;
      left -= count;
    }
  }

  async #receive(into: Uint8Array): Promise<number | null> {
    const late = Promise.withResolvers<never>();
    this.#giveUp = late.reject;
    const count = await Promise.race([this.#conn.read(into), late.promise]);
    if (this.#phase === "idle") this.#wait("request");
    return count;
  }

  /** Goes on to a phase and begins its time. */
  #wait(phase: Phase): void {
    this.#phase = phase;
    clearTimeout(this.#timer);
    if (phase === "handler" || this.#isClosed) return;
    this.#timer = setTimeout(() => this.#expire(), this.#limits[phase]);
  }

  #expire(): void {
    if (this.#phase !== "request") return this.close();
    const seconds = this.#limits.request / 1000;
    this.#giveUp?.(new HttpError(408, "EAGAIN", `The request has not come within ${seconds} s`));
  }
}

function isTooLong({ length }: RequestHead, limit: number): boolean {
  return length !== "chunked" && length > limit;
}

/** The peer has gone, as peers may. */
function isLoss(error: unknown): boolean {
  return error instanceof Deno.errors.BrokenPipe ||
    error instanceof Deno.errors.ConnectionReset ||
    error instanceof Deno.errors.NotConnected;
}

/** RFC 9112 4 and 6. */
function encodeAnswer(
  { status, type, body, allow, fields = {} }: Answer,
  { withBody, closes }: { readonly withBody: boolean; readonly closes: boolean },
): Uint8Array {
  const encoder = new TextEncoder();
  const bytes = typeof body === "string" ? encoder.encode(body) : body ?? new Uint8Array();
  // A body-less 204 has no length (RFC 9110 8.6). The reason phrase is for nobody.
  const lines = [
    `HTTP/1.1 ${status} `,
    ...(type === undefined ? [] : [`Content-Type: ${type}`]),
    ...(status === 204 ? [] : [`Content-Length: ${bytes.length}`]),
    ...(allow === undefined ? [] : [`Allow: ${allow}`]),
    ...Object.entries(fields).map(([name, value]) => `${name}: ${value}`),
    "Cache-Control: no-store",
    ...(closes ? ["Connection: close"] : []),
  ];
  const head = encoder.encode(`${lines.join("\r\n")}\r\n\r\n`);
  const answer = new Uint8Array(head.length + (withBody ? bytes.length : 0));
  answer.set(head);
  if (withBody) answer.set(bytes, head.length);
  return answer;
}

async function write(conn: Deno.Conn, bytes: Uint8Array): Promise<void> {
  for (let done = 0; done < bytes.length;) done += await conn.write(bytes.subarray(done));
}
