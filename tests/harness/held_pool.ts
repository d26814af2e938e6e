/** An inline I/O pool that holds the replacing of files back until the test lets it happen. */
import assert from "node:assert/strict";
import { createWake, Wake } from "../../ffi/wake.ts";
import { IoOperation, type IoRequest } from "../../lib/store/io_request.ts";
import { createRingMemory } from "../../lib/store/io_ring.ts";
import { InlinePool } from "./inline_pool.ts";

export class HeldPool extends InlinePool implements Disposable {
  #handle: { ring: SharedArrayBuffer; wake: ReturnType<typeof createWake> };
  #held: IoRequest[] = [];

  constructor() {
    const handle = { ring: createRingMemory(), wake: createWake() };
    super(handle);
    this.#handle = handle;
  }

  /** How many files wait to be replaced. */
  get held(): number {
    return this.#held.length;
  }

  override submit(request: IoRequest): void {
    if (request.operation === IoOperation.REPLACE) this.#held.push(request);
    else super.submit(request);
  }

  /** Replaces the first of them, or fails with -errno and leaves it as it is. */
  let(result = 0): void {
    const request = this.#held.shift();
    assert(request !== undefined, "nothing is held");
    if (result === 0) return super.submit(request);
    request.result = result;
    request.finished(request);
  }

  [Symbol.dispose](): void {
    new Wake(this.#handle.wake).close();
  }
}
