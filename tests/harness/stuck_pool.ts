/** An inline I/O pool that can be stuck: what is submitted meanwhile is done when it gets on. */
import { createWake, Wake } from "../../ffi/wake.ts";
import type { IoRequest } from "../../lib/store/io_request.ts";
import { createRingMemory } from "../../lib/store/io_ring.ts";
import { InlinePool } from "./inline_pool.ts";

export class StuckPool extends InlinePool implements Disposable {
  #handle: { ring: SharedArrayBuffer; wake: ReturnType<typeof createWake> };
  #held: IoRequest[] = [];
  isStuck = false;

  constructor() {
    const handle = { ring: createRingMemory(), wake: createWake() };
    super(handle);
    this.#handle = handle;
  }

  /** What is not done, the oldest first. */
  get held(): readonly IoRequest[] {
    return this.#held;
  }

  override submit(request: IoRequest): void {
    if (this.isStuck) this.#held.push(request);
    else super.submit(request);
  }

  /** Does the oldest of what is held, or fails it with -errno. */
  let(result = 0): void {
    const request = this.#held.shift()!;
    if (result === 0) return super.submit(request);
    request.result = result;
    request.finished(request);
  }

  /** Gets on. */
  free(): void {
    this.isStuck = false;
    while (this.#held.length > 0) this.let();
  }

  [Symbol.dispose](): void {
    new Wake(this.#handle.wake).close();
  }
}
