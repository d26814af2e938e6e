/**
 * An I/O worker: makes the calls that may sleep, one after the other, for the data isolate. It blocks
 * in Atomics.wait() and never returns to an event loop; it ends with the process, or when it has had
 * nothing to do for a while and others are left.
 */
import { Wake } from "../../ffi/wake.ts";
import { serveBatch } from "./io_batch.ts";
import type { IoPoolHandle } from "./io_pool.ts";
import { IoRing, NO_SLOT } from "./io_ring.ts";

/** Workers that stay. */
const LEAST = 1;

/** Milliseconds without a request after which a worker is not needed any more. */
const PATIENCE = 30_000;

function serve(handle: IoPoolHandle): void {
  const ring = new IoRing(handle.ring);
  const wake = new Wake(handle.wake);
  ring.arrive();
  wake.wake(); // something may wait for it
  for (;;) {
    const first = ring.claim(PATIENCE);
    if (first !== NO_SLOT) serveBatch(ring, wake, first);
    else if (ring.leave(LEAST)) return self.close();
  }
}

self.onmessage = (event: MessageEvent<IoPoolHandle>) => serve(event.data);
