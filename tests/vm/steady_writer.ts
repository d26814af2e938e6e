/** An initiator that writes without a pause, and logs in again when its session is gone, as Linux does. */
import assert from "node:assert/strict";
import { readBlocks, writeBlocks } from "../harness/block_io.ts";
import { markedBlock, versionOf } from "../harness/marked_block.ts";
import { openReady } from "../harness/sessions.ts";
import type { Address } from "../initiator/raw.ts";
import type { Session } from "../initiator/session.ts";

/** How long Linux waits for a session to come back until its users get errors (replacement_timeout). */
const REPLACEMENT_LIMIT_MS = 120_000;
const RETRY_MS = 200;
const BLOCKS = 64;

export class SteadyWriter {
  readonly #address: Address;
  /** By block: the version that was acknowledged last, and the one that was under way then. */
  readonly #acknowledged = new Array<number>(BLOCKS).fill(0);
  #version = 0;
  #isRunning = true;
  #logins = 0;
  readonly #run: Promise<void>;

  /** Begins to write the first blocks of LUN 0 over and over. */
  constructor(address: Address) {
    this.#address = address;
    this.#run = this.#writeOn();
    this.#run.catch(() => {}); // stop() has it
  }

  /** Sessions so far. */
  get logins(): number {
    return this.#logins;
  }

  /** Resolves when so many more writes have been acknowledged. */
  async progress(writes: number): Promise<void> {
    const wanted = this.#version + writes;
    const more = async () => {
      while (this.#version < wanted) await pause(20);
    };
    await Promise.race([more(), this.#run]);
  }

  /** Ends, and fails if a write could not be made in time, or one that was acknowledged is not there. */
  async stop(): Promise<void> {
    this.#isRunning = false;
    await this.#run;
    await using session = await openReady(this.#address);
    const data = await readBlocks(session, 0, BLOCKS);
    for (const [block, version] of this.#acknowledged.entries()) {
      const found = versionOf(data.subarray(block * 512, (block + 1) * 512), block);
      assert.equal(found, version, `block ${block}`);
    }
  }

  async #writeOn(): Promise<void> {
    let session: Session | undefined;
    let last = performance.now();
    while (this.#isRunning) {
      const version = this.#version + 1;
      const block = version % BLOCKS;
      try {
        session ??= await this.#login();
        await writeBlocks(session, block, markedBlock(version, block));
      } catch (error) {
        // Sense data is no loss of a session.
        if (error instanceof assert.AssertionError) throw error;
        await session?.[Symbol.asyncDispose]().catch(() => {});
        session = undefined;
        if (performance.now() - last > REPLACEMENT_LIMIT_MS) throw error;
        await pause(RETRY_MS);
        continue;
      }
      this.#acknowledged[block] = version;
      this.#version = version;
      last = performance.now();
    }
    await session?.logout();
    await session?.[Symbol.asyncDispose]();
  }

  async #login(): Promise<Session> {
    const session = await openReady(this.#address);
    this.#logins++;
    return session;
  }
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
