/** Cuts the bytes of a connection into HTTP/1.1 requests (RFC 9112), with bounds for all of it. */
import { HttpError } from "./http_error.ts";
import { parseHead, parseRequestLine, type RequestHead } from "./request_head.ts";

/** Bytes of a head, and of what stands between chunks, at most. */
export const HEAD_LIMIT = 16384;
const LINE_LIMIT = 8192;

/** Gives the next bytes in `into`, and how many; 0 or null when there will be no more. */
export type ReadBytes = (into: Uint8Array) => Promise<number | null>;

export class RequestReader {
  readonly #read: ReadBytes;
  /** Received and not yet used: from #start to #end. */
  readonly #buffer = new Uint8Array(LINE_LIMIT);
  #start = 0;
  #end = 0;
  /** Bytes that lines may still have until the request ends. */
  #lineBytes = 0;

  constructor(read: ReadBytes) {
    this.#read = read;
  }

  /** Whether there are bytes of a next request already. */
  get hasMore(): boolean {
    return this.#start < this.#end;
  }

  /** The next head; undefined when the client has ended in order. Rejects with an HttpError. */
  async head(): Promise<RequestHead | undefined> {
    this.#lineBytes = HEAD_LIMIT;
    let first: string;
    // Empty lines before a request are allowed (RFC 9112 2.2).
    do {
      if (!this.hasMore && !await this.#fill()) return undefined;
      first = await this.#line();
    } while (first === "");
    const requestLine = parseRequestLine(first);
    const lines: string[] = [];
    for (let line = await this.#line(); line !== ""; line = await this.#line()) lines.push(line);
    return parseHead(requestLine, lines);
  }

  /** The body that `head` announces. Rejects with an HttpError when it has more than `limit` bytes. */
  async body({ length }: RequestHead, limit: number): Promise<Uint8Array> {
    if (length === "chunked") return await this.#chunks(limit);
    checkLimit(length, limit);
    const body = new Uint8Array(length);
    await this.#take(body);
    return body;
  }

  /** RFC 9112 7.1. */
  async #chunks(limit: number): Promise<Uint8Array> {
    const body = new Uint8Array(limit);
    let length = 0;
    for (;;) {
      const [, digits] = /^([0-9A-Fa-f]{1,8})[ \t]*(?:;|$)/.exec(await this.#line()) ?? [];
      if (digits === undefined) throw new HttpError(400, "EINVAL", "A chunk has no size");
      const size = parseInt(digits, 16);
      if (size === 0) break;
      checkLimit(length + size, limit);
      await this.#take(body.subarray(length, length + size));
      length += size;
      if (await this.#line() !== "") {
        throw new HttpError(400, "EINVAL", "A chunk is longer than it says");
      }
    }
    while (await this.#line() !== ""); // the trailer section, which says nothing that is wanted
    return body.subarray(0, length);
  }

  /** The next line without its CRLF; a lone LF ends it too (RFC 9112 2.2). */
  async #line(): Promise<string> {
    let at = this.#buffer.subarray(0, this.#end).indexOf(0x0a, this.#start);
    while (at < 0) {
      const known = this.#end - this.#start;
      if (known >= Math.min(LINE_LIMIT, this.#lineBytes)) throw tooLarge();
      if (!await this.#fill()) throw new HttpError(400, "EINVAL", "The request ends too early");
      at = this.#buffer.subarray(0, this.#end).indexOf(0x0a, this.#start + known);
    }
    this.#lineBytes -= at + 1 - this.#start;
    if (this.#lineBytes < 0) throw tooLarge();
    // Field values may have any byte (RFC 9110 5.5): what is not ASCII is not looked at.
    let line = "";
    for (let index = this.#start; index < at; index++) {
      line += String.fromCharCode(this.#buffer[index]!);
    }
    this.#start = at + 1;
    return line.endsWith("\r") ? line.slice(0, -1) : line;
  }

  async #take(into: Uint8Array): Promise<void> {
    for (let done = 0; done < into.length;) {
      if (!this.hasMore && !await this.#fill()) {
        throw new HttpError(400, "EINVAL", "The request ends too early");
      }
      const part = this.#buffer.subarray(
        this.#start,
        Math.min(this.#end, this.#start + into.length - done),
      );
      into.set(part, done);
      done += part.length;
      this.#start += part.length;
    }
  }

  /** Receives more behind what there is. Resolves with false when there is no more. */
  async #fill(): Promise<boolean> {
    this.#buffer.copyWithin(0, this.#start, this.#end);
    this.#end -= this.#start;
    this.#start = 0;
    const count = await this.#read(this.#buffer.subarray(this.#end));
    this.#end += count ?? 0;
    return (count ?? 0) > 0;
  }
}

function tooLarge(): HttpError {
  return new HttpError(431, "E2BIG", `The head of a request has at most ${HEAD_LIMIT} bytes`);
}

function checkLimit(length: number, limit: number): void {
  if (length > limit) {
    throw new HttpError(413, "E2BIG", `${length} bytes are too many: at most ${limit}`);
  }
}
