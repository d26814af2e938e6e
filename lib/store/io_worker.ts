/**
 * An I/O worker: makes the calls that may sleep, one after the other, for the data isolate. It blocks
 * in Atomics.wait() and never returns to an event loop; it ends with the process, or when it has had
 * nothing to do for a while and others are left.
 */
import { threadSleeps } from "../../ffi/thread_sleeps.ts";
import { Wake } from "../../ffi/wake.ts";
import type { IoPoolHandle } from "./io_pool.ts";
import { IoRing } from "./io_ring.ts";
import { perform } from "./perform.ts";

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
    const slot = ring.claim(PATIENCE);
    if (slot < 0) {
      if (ring.leave(LEAST)) return self.close();
      continue;
    }
    const sleeps = threadSleeps();
    const began = performance.now();
    const result = perform(
      ring.operation(slot),
      ring.fd(slot),
      ring.iov(slot),
      ring.count(slot),
      ring.offset(slot),
      ring.length(slot),
      ring.alignment(slot),
    );
    const slept = threadSleeps() === sleeps ? 0 : (performance.now() - began) * 1000;
    ring.finish(slot, result, slept);
    wake.wake();
  }
}

self.onmessage = (event: MessageEvent<IoPoolHandle>) => serve(event.data);
