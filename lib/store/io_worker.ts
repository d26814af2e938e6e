/**
 * An I/O worker: makes the calls that may sleep, one after the other, for the data isolate. It blocks
 * in Atomics.wait() and never returns to an event loop; it ends with the process.
 */
import { Wake } from "../../ffi/wake.ts";
import type { IoPoolHandle } from "./io_pool.ts";
import { IoRing } from "./io_ring.ts";
import { perform } from "./perform.ts";

function serve(handle: IoPoolHandle): never {
  const ring = new IoRing(handle.ring);
  const wake = new Wake(handle.wake);
  for (;;) {
    const slot = ring.claim();
    const result = perform(
      ring.operation(slot),
      ring.fd(slot),
      ring.iov(slot),
      ring.count(slot),
      ring.offset(slot),
      ring.length(slot),
    );
    ring.finish(slot, result);
    wake.wake();
  }
}

self.onmessage = (event: MessageEvent<IoPoolHandle>) => serve(event.data);
