/**
 * An initiator that logs in again when its connection is lost, and sends again what was not answered, as
 * those of operating systems do: their users notice a pause.
 */
import { LoginRefused } from "./login.ts";
import { type Commander, type CommandOptions, Session } from "./session.ts";
import type { ScsiResult } from "./task.ts";
import { ProtocolViolation } from "./witness.ts";

const UNIT_ATTENTION = 6;
const PAUSE_MS = 10;
/** How long it tries: generous, as test machines are slow. */
const LIMIT_MS = 30_000;

export class RetryingSession implements Commander, AsyncDisposable {
  /** How many times it has logged in. */
  logins = 0;
  #open: () => Promise<Session>;
  #session: Promise<Session> | undefined = undefined;

  /** `open` connects and logs in. */
  constructor(open: () => Promise<Session>) {
    this.#open = open;
  }

  /** Executes a command, however many connections that takes; a unit attention is taken and no answer. */
  async command(cdb: Uint8Array, options: CommandOptions = {}): Promise<ScsiResult> {
    const deadline = performance.now() + LIMIT_MS;
    for (;;) {
      this.#session ??= this.#login(deadline);
      const mine = this.#session;
      try {
        const result = await (await mine).command(cdb, options);
        if (result.sense?.key !== UNIT_ATTENTION) return result;
      } catch (error) {
        if (error instanceof ProtocolViolation || performance.now() > deadline) throw error;
        if (this.#session === mine) this.#session = undefined;
        await dispose(mine);
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await dispose(this.#session);
  }

  async #login(deadline: number): Promise<Session> {
    for (;;) {
      try {
        const session = await this.#open();
        this.logins++;
        return session;
      } catch (error) {
        if (error instanceof LoginRefused || performance.now() > deadline) throw error;
        await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
      }
    }
  }
}

/** Ends a session that may have failed before, or never begun. */
async function dispose(opening: Promise<Session> | undefined): Promise<void> {
  const session = await opening?.catch(() => undefined);
  await session?.[Symbol.asyncDispose]();
}
