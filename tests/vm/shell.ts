/** The conversation with the guest's first process (image/init.sh) over a virtio port. */
import { Buffer } from "node:buffer";
import { within } from "../initiator/within.ts";

/** How long after its limit the answer of a script may come: the guest may be slow. */
const GRACE_MS = 30_000;
/** How long the script of leave() may take to end the guest. */
const LEAVE_LIMIT_S = 60;
const CHUNK = 65536;
const LINE_FEED = 10;

export interface GuestResult {
  /** The exit code; 128 and the signal's number if a signal ended the script. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export class GuestShell {
  readonly #port: Deno.Conn;
  #received = new Uint8Array();
  #last: Promise<unknown> = Promise.resolve();

  constructor(port: Deno.Conn) {
    this.#port = port;
  }

  /** Waits until the guest has booted, after all that was asked of it before. */
  async ready(): Promise<void> {
    await this.#last;
    const line = await this.#line();
    if (line !== "ready") throw new Error(`The guest says ${line} instead of ready`);
  }

  /**
   * Runs a script when all before it have ended; kills it after `limitSeconds`.
   *
   * @throws Error if there is no answer, and for every script after that one
   */
  run(script: string, limitSeconds: number): Promise<GuestResult> {
    const result = this.#last.then(() => {
      const limitMs = limitSeconds * 1000 + GRACE_MS;
      const late = () => new Error(`no answer after ${limitMs} ms`);
      return within(this.#exchange(script, limitSeconds), limitMs, late);
    });
    this.#last = result;
    return result;
  }

  /** Runs a script that ends the guest; ready() waits for the next one. */
  leave(script: string): void {
    this.#last = this.#last.then(() => this.#send(script, LEAVE_LIMIT_S));
  }

  close(): void {
    this.#port.close();
  }

  async #exchange(script: string, limitSeconds: number): Promise<GuestResult> {
    await this.#send(script, limitSeconds);
    const [code = NaN, out = NaN, err = NaN] = (await this.#line()).split(" ").map(Number);
    const stdout = await this.#take(out);
    const stderr = await this.#take(err);
    const decoder = new TextDecoder();
    return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
  }

  async #send(script: string, limitSeconds: number): Promise<void> {
    const line = `${limitSeconds} ${Buffer.from(script).toString("base64")}\n`;
    const request = new TextEncoder().encode(line);
    for (let sent = 0; sent < request.length;) {
      sent += await this.#port.write(request.subarray(sent));
    }
  }

  async #line(): Promise<string> {
    let end: number;
    while ((end = this.#received.indexOf(LINE_FEED)) < 0) await this.#receive();
    const line = new TextDecoder().decode(await this.#take(end + 1));
    return line.trimEnd();
  }

  async #take(length: number): Promise<Uint8Array> {
    while (this.#received.length < length) await this.#receive();
    const taken = this.#received.subarray(0, length);
    this.#received = this.#received.subarray(length);
    return taken;
  }

  async #receive(): Promise<void> {
    const part = new Uint8Array(CHUNK);
    const count = await this.#port.read(part);
    if (count === null) throw new Error("the guest has closed its port");
    const joined = new Uint8Array(this.#received.length + count);
    joined.set(this.#received);
    joined.set(part.subarray(0, count), this.#received.length);
    this.#received = joined;
  }
}
