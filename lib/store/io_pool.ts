/** The data isolate's end of the I/O workers. */
import { Errno } from "../../ffi/errno.ts";
import { Wake, type WakeHandle } from "../../ffi/wake.ts";
import { IoOperation, type IoRequest } from "./io_request.ts";
import { IoRing, SLOTS } from "./io_ring.ts";

/** What every end of the pool needs; it can be posted to a Worker. */
export interface IoPoolHandle {
  readonly ring: SharedArrayBuffer;
  readonly wake: WakeHandle;
}

export class IoPool {
  #ring: IoRing;
  #wake: Wake;
  #requests: (IoRequest | undefined)[] = new Array(SLOTS).fill(undefined);
  #free: number[] = Array.from({ length: SLOTS }, (_, index) => SLOTS - 1 - index);
  #waiting: IoRequest[] = [];

  #report: (error: unknown) => void;

  /** `report` hears of exceptions of those who are told that a request is finished: they are bugs. */
  constructor(handle: IoPoolHandle, report: (error: unknown) => void) {
    this.#report = report;
    this.#ring = new IoRing(handle.ring);
    this.#wake = new Wake(handle.wake);
  }

  /** The descriptor that becomes readable when something is finished; then call drain(). */
  get wakeFd(): number {
    return this.#wake.readFd;
  }

  /** Requests that are not finished. */
  get pending(): number {
    return SLOTS - this.#free.length + this.#waiting.length;
  }

  /** Hands a request to the workers. */
  submit(request: IoRequest): void {
    request.done = 0;
    const slot = this.#free.pop();
    if (slot === undefined) this.#waiting.push(request);
    else this.#start(slot, request);
  }

  /** Ends every request that the workers have finished. */
  drain(): void {
    this.#wake.acknowledge();
    for (;;) {
      const slot = this.#ring.takeFinished();
      if (slot < 0) return;
      try {
        this.#settle(slot, this.#requests[slot]!, this.#ring.result(slot));
      } catch (error) {
        this.#report(error); // the others are finished all the same
      }
    }
  }

  #start(slot: number, request: IoRequest): void {
    this.#requests[slot] = request;
    this.#ring.submit(
      slot,
      request.operation,
      request.fd,
      // REPLACE takes its bytes as they lie there, without a vector.
      request.operation === IoOperation.REPLACE ? request.memory!.address : request.iov.address,
      request.iov.count,
      request.offset + request.done,
      request.length,
    );
  }

  #settle(slot: number, request: IoRequest, result: number): void {
    if (result === -Errno.EINTR) return this.#start(slot, request);
    if (isTransfer(request.operation) && result >= 0) {
      request.done += result;
      if (result > 0 && request.done < request.length) {
        request.iov.advance(result);
        return this.#start(slot, request);
      }
      // Nothing was transferred though something was left: the store ended before its size.
      request.result = request.done < request.length ? -Errno.EIO : 0;
    } else {
      request.result = result;
    }
    this.#requests[slot] = undefined;
    const next = this.#waiting.shift();
    if (next === undefined) this.#free.push(slot);
    else this.#start(slot, next);
    request.finished(request);
  }
}

function isTransfer(operation: number): boolean {
  return operation <= IoOperation.WRITE_DURABLE;
}
