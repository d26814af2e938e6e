/** What an I/O worker does with a batch. */
import { Errno } from "../../ffi/errno.ts";
import { threadSleeps } from "../../ffi/thread_sleeps.ts";
import { preadvNoWait, pwritev, readAhead, syncData } from "../../ffi/transfer.ts";
import type { Wake } from "../../ffi/wake.ts";
import { IoOperation } from "./io_request.ts";
import { type IoRing, NO_SLOT } from "./io_ring.ts";
import { perform } from "./perform.ts";

/**
 * Makes the calls of the batch that begins with slot `first`, in its order, and tells of each end by
 * IoRing.finish() and a wake of the data isolate.
 */
export function serveBatch(ring: IoRing, wake: Pick<Wake, "wake">, first: number): void {
  const isAlone = ring.next(first) === NO_SLOT;
  if (!isAlone && ring.operation(first) === IoOperation.WRITE_DURABLE) writeDurably(ring, first);
  else transfer(ring, wake, first);
  wake.wake();
}

/**
 * Makes one call after the other. The data isolate is woken before each that may sleep: it learns of no
 * end later than it could, and of many at once where many are there at once.
 */
function transfer(ring: IoRing, wake: Pick<Wake, "wake">, first: number): void {
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
  const began = performance.now();
  const sleeps = threadSleeps();
  const result = perform(
    ring.operation(slot),
    ring.fd(slot),
    ring.iov(slot),
    ring.count(slot),
    ring.offset(slot),
    ring.length(slot),
    ring.alignment(slot),
  );
  ring.finish(slot, result, sleptSince(began, sleeps));
}

/** Microseconds since `began` if the thread has slept since it had slept `sleeps` times; else 0. */
function sleptSince(began: number, sleeps: number): number {
  return threadSleeps() === sleeps ? 0 : (performance.now() - began) * 1000;
}

/**
 * Writes all of a batch through the page cache and brings it to stable storage with one flush; nothing
 * has ended before that. As pwritevDurable() does it, what could not be written has its own error, and
 * what was written has EIO if the flush failed.
 */
function writeDurably(ring: IoRing, first: number): void {
  const began = performance.now();
  const sleeps = threadSleeps();
  for (let slot = first; slot !== NO_SLOT; slot = ring.next(slot)) {
    ring.note(slot, pwritev(ring.fd(slot), ring.iov(slot), ring.count(slot), ring.offset(slot)));
  }
  const flushed = syncData(ring.fd(first));
  const slept = sleptSince(began, sleeps);
  for (let slot = first, next: number; slot !== NO_SLOT; slot = next) {
    next = ring.next(slot);
    const written = ring.result(slot);
    ring.finish(slot, written >= 0 && flushed < 0 ? -Errno.EIO : written, slept);
  }
}
