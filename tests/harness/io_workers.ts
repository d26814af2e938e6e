/** Real I/O workers with their pool, on the isolate of the test. */
import assert from "node:assert/strict";
import { createPoller } from "../../ffi/create_poller.ts";
import { READABLE } from "../../ffi/poller.ts";
import { createWake, Wake } from "../../ffi/wake.ts";
import { IoPool, type IoPoolHandle } from "../../lib/store/io_pool.ts";
import { createRingMemory, IoRing } from "../../lib/store/io_ring.ts";
import { rethrow } from "./rethrow.ts";

const LIMIT_MS = 20_000;

export class IoWorkers implements Disposable {
  readonly pool: IoPool;
  #handle: IoPoolHandle = { ring: createRingMemory(), wake: createWake() };
  #poller = createPoller();
  #workers: Worker[] = [];

  constructor(count = 4) {
    this.pool = new IoPool(this.#handle, {
      addWorker: () => this.#start(),
      lookIn: (milliseconds) => setTimeout(() => this.pool.look(), milliseconds),
      settleLater: (pool) => pool.settle(),
      report: rethrow,
    });
    this.#poller.add(this.pool.wakeFd, 1, READABLE);
    const ring = new IoRing(this.#handle.ring);
    for (let index = 0; index < count; index++) {
      ring.expectWorker();
      this.#start();
    }
  }

  /** Workers that were started. */
  get started(): number {
    return this.#workers.length;
  }

  #start(): void {
    const url = new URL("../../lib/store/io_worker.ts", import.meta.url);
    const worker = new Worker(url, { type: "module" });
    worker.postMessage(this.#handle);
    this.#workers.push(worker);
  }

  /** Waits until nothing is under way. The pool is looked at only when its descriptor says so. */
  async settle(): Promise<void> {
    const deadline = performance.now() + LIMIT_MS;
    while (this.pool.pending > 0) {
      assert(performance.now() < deadline, `${this.pool.pending} requests do not end`);
      if (this.#poller.wait(0) > 0) this.pool.drain();
      else await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }

  [Symbol.dispose](): void {
    for (const worker of this.#workers) worker.terminate();
    this.#poller.close();
    new Wake(this.#handle.wake).close();
  }
}
