/** An inline I/O pool that misbehaves on demand, as FaultyStore does: for what the state is kept with. */
import { createWake, Wake } from "../../ffi/wake.ts";
import type { IoRequest } from "../../lib/store/io_request.ts";
import { createRingMemory } from "../../lib/store/io_ring.ts";
import { InlinePool } from "./inline_pool.ts";

export class FaultyPool extends InlinePool implements Disposable {
  #wake: ReturnType<typeof createWake>;
  #held: IoRequest[] = [];
  /** Whether what is submitted waits for release(). */
  hanging = false;
  /** Operations that fail, by IoOperation, with an errno. */
  readonly failures: Map<number, number> = new Map();
  /** Hears of every request that is about to be performed. */
  performing: (request: IoRequest) => void = () => {};
  /** IoOperation of all that was submitted so far. */
  readonly submitted: number[] = [];

  constructor() {
    const wake = createWake();
    super({ ring: createRingMemory(), wake });
    this.#wake = wake;
  }

  /** Requests that hang, oldest first. */
  get held(): readonly IoRequest[] {
    return this.#held;
  }

  override submit(request: IoRequest): void {
    this.submitted.push(request.operation);
    if (this.hanging) this.#held.push(request);
    else this.#perform(request);
  }

  /** Performs what hangs, all of it or the oldest `count`; what comes later may hang again. */
  release(count = this.#held.length): void {
    for (const request of this.#held.splice(0, count)) this.#perform(request);
  }

  #perform(request: IoRequest): void {
    const errno = this.failures.get(request.operation);
    if (errno === undefined) {
      this.performing(request);
      return super.submit(request);
    }
    request.result = -errno;
    request.finished(request);
  }

  [Symbol.dispose](): void {
    new Wake(this.#wake).close();
  }
}
