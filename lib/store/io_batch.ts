/** What an I/O worker does with a batch. */
import { threadSleeps } from "../../ffi/thread_sleeps.ts";
import { preadvNoWait, readAhead } from "../../ffi/transfer.ts";
import type { Wake } from "../../ffi/wake.ts";
import { IoOperation } from "./io_request.ts";
import { type IoRing, NO_SLOT } from "./io_ring.ts";
import { perform } from "./perform.ts";

/**
 * Makes the calls of the batch that begins with slot `first`, in its order. The data isolate is woken
 * before each call that may sleep: it learns of no end later than it could, and of many at once where
 * many are there at once.
 */
export function serveBatch(ring: IoRing, wake: Pick<Wake, "wake">, first: number): void {
  for (let slot = ring.next(first); slot !== NO_SLOT; slot = ring.next(slot)) startRead(ring, slot);
  let isTold = true;
  for (let slot = first, next: number; slot !== NO_SLOT; slot = next) {
    next = ring.next(slot);
    if (!isTold) {
      if (finishAtOnce(ring, slot)) continue;
      wake.wake();
    }
    finishInTime(ring, slot);
    isTold = false;
  }
  wake.wake();
}

/** Has the system begin with what a read of a batch will want, while those before it are waited for. */
function startRead(ring: IoRing, slot: number): void {
  if (ring.operation(slot) !== IoOperation.READ) return;
  readAhead(ring.fd(slot), ring.offset(slot), ring.length(slot));
}

/** Does a read of a batch whose data has come meanwhile; false for anything else. */
function finishAtOnce(ring: IoRing, slot: number): boolean {
  if (ring.operation(slot) !== IoOperation.READ) return false;
  const result = preadvNoWait(ring.fd(slot), ring.iov(slot), ring.count(slot), ring.offset(slot));
  if (result < ring.length(slot)) return false;
  ring.finish(slot, result, 0);
  return true;
}

function finishInTime(ring: IoRing, slot: number): void {
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
}
