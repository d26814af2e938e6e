/** A session that does its work while others misbehave. */
import { openReady } from "./sessions.ts";
import { assertSameBytes } from "./same_bytes.ts";
import { readBlocks, writeBlocks } from "./block_io.ts";
import type { TestServer } from "./server.ts";
import { patternBytes } from "../initiator/bytes.ts";
import type { LoginOptions } from "../initiator/login.ts";
import type { Session } from "../initiator/session.ts";

/** Blocks at the start of its LUN that a bystander has to itself. */
export const BYSTANDER_BLOCKS = 64;

export class Bystander implements AsyncDisposable {
  readonly session: Session;
  readonly #lun: number;
  readonly #done: Promise<void>;
  #rounds = 0;
  #longest = 0;
  #stop = false;

  private constructor(session: Session, lun: number) {
    this.session = session;
    this.#lun = lun;
    this.#done = this.#work();
    this.#done.catch(() => {}); // finish() tells
  }

  /**
   * Opens a session that writes and reads the first blocks of a LUN, and pings, until it is stopped.
   * `options` say where, if that is not the usual target.
   */
  static async start(
    server: TestServer,
    lun: number,
    options: LoginOptions = {},
  ): Promise<Bystander> {
    const initiatorName = "iqn.2026-11.org.example.test:bystander";
    return new Bystander(await openReady(server, [lun], { initiatorName, ...options }), lun);
  }

  /** Milliseconds that its longest command has taken. */
  get longest(): number {
    return this.#longest;
  }

  /** Lets the work end; fails if any of it went wrong or none was done. Returns the rounds of it. */
  async finish(): Promise<number> {
    this.#stop = true;
    await this.#done;
    if (this.#rounds === 0) throw new Error("The bystander got nothing done");
    return this.#rounds;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop = true;
    await this.#done.catch(() => {});
    await this.session[Symbol.asyncDispose]();
  }

  async #work(): Promise<void> {
    do {
      const data = patternBytes(BYSTANDER_BLOCKS * 512, this.#rounds);
      const lun = this.#lun;
      await this.#timed(() => writeBlocks(this.session, 0, data, { lun }));
      const read = () => readBlocks(this.session, 0, BYSTANDER_BLOCKS, { lun });
      const found = await this.#timed(read);
      assertSameBytes(found, data, `bystander's round ${this.#rounds}`);
      const ping = patternBytes(100, this.#rounds);
      assertSameBytes(await this.session.nop(ping), ping, `bystander's ping ${this.#rounds}`);
      this.#rounds += 1;
      await new Promise((resolve) => setTimeout(resolve, 2));
    } while (!this.#stop);
  }

  async #timed<T>(command: () => Promise<T>): Promise<T> {
    const start = performance.now();
    const result = await command();
    this.#longest = Math.max(this.#longest, performance.now() - start);
    return result;
  }
}
