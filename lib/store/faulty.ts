/**
 * A store that misbehaves on demand, on top of one that does not: it fails, it is late, it hangs, it
 * transfers too little. Operators have it make faults by rules (FaultPlan), to see what their
 * initiators do; tests lead it by the hand as well, in place of mocks, so that what is above it is
 * the real thing. Who still uses it when it is closed gets an exception: its descriptor may mean
 * another file by then.
 */
import { Errno } from "../../ffi/errno.ts";
import { type IoVector, pieceAt } from "../../ffi/iovec.ts";
import type { FaultPlan } from "./fault_plan.ts";
import type { FaultAction } from "./fault_rule.ts";
import { IoOperation, IoRequest } from "./io_request.ts";
import type { Store } from "./store.ts";

/** Bytes of an entry of a vector, as IoVector lays them out. */
const ENTRY = 16;

/** Calls an action in so many milliseconds. */
export type After = (milliseconds: number, action: () => void) => void;

export class FaultyStore implements Store {
  readonly size: number;
  readonly physicalBlockSize: number;
  readonly physicalOffset: number;
  readonly countsSpace: boolean;
  readonly forgets: boolean;
  readonly identity: string | undefined;
  /** Whether nothing is done at once and what is submitted waits for release(). */
  hanging = false;
  /** Operations that fail, by IoOperation, with an errno. */
  readonly failures: Map<number, number> = new Map();
  /** How often it was closed. */
  closes = 0;
  #inner: Store;
  #after: After;
  #plan: FaultPlan | undefined = undefined;
  #held: IoRequest[] = [];
  /** Requests that are late, each with what tells its delay from that of another use of the request. */
  #late = new Map<IoRequest, object>();

  /** `after` calls an action in so many milliseconds; without it nothing is late. */
  constructor(inner: Store, after: After = (_milliseconds, action) => action()) {
    this.#inner = inner;
    this.#after = after;
    this.size = inner.size;
    this.physicalBlockSize = inner.physicalBlockSize;
    this.physicalOffset = inner.physicalOffset ?? 0;
    this.countsSpace = inner.countsSpace;
    this.forgets = inner.forgets ?? false;
    this.identity = inner.identity;
  }

  /** The faults that it makes by itself. */
  get plan(): FaultPlan | undefined {
    return this.#plan;
  }

  /** Makes these faults from now on; what hangs or is late goes on. */
  set plan(plan: FaultPlan | undefined) {
    this.#plan = plan;
    this.release();
    for (const request of [...this.#late.keys()]) this.#performLate(request);
  }

  /** Requests that hang, oldest first. */
  get held(): readonly IoRequest[] {
    return this.#held;
  }

  readNow(iov: IoVector, offset: number, length: number): number {
    this.#mustBeOpen();
    if (this.#mayFail(IoOperation.READ, offset, length)) return -Errno.EAGAIN;
    return this.#inner.readNow(iov, offset, length);
  }

  writeNow(iov: IoVector, offset: number, length: number): number {
    this.#mustBeOpen();
    if (this.#mayFail(IoOperation.WRITE, offset, length)) return -Errno.EAGAIN;
    return this.#inner.writeNow(iov, offset, length);
  }

  submit(request: IoRequest): void {
    this.#mustBeOpen();
    if (this.hanging) {
      this.#held.push(request);
      return;
    }
    const { operation, offset, length } = request;
    const fault = this.#plan?.decide(operation, offset, length);
    if (fault === undefined) this.#perform(request);
    else this.#make(fault, request);
  }

  /** Performs what hangs, all of it or the oldest `count`; what comes later may hang again. */
  release(count = this.#held.length): void {
    for (const request of this.#held.splice(0, count)) this.#perform(request);
  }

  close(): void {
    if (this.closes++ === 0) this.#inner.close();
  }

  #mustBeOpen(): void {
    if (this.closes > 0) throw new Error("A store is used after it was closed");
  }

  #mayFail(operation: number, offset: number, length: number): boolean {
    return this.hanging || this.failures.has(operation) ||
      this.#plan?.covers(operation, offset, length) === true;
  }

  #make(fault: FaultAction, request: IoRequest): void {
    switch (fault.kind) {
      case "error":
        return end(request, -Errno[fault.errno]);
      case "delay":
        return this.#delay(request, fault.milliseconds);
      case "hang":
        this.#held.push(request);
        return;
      case "short":
        return this.#transferPart(request, Math.min(fault.bytes, request.length));
    }
  }

  /** Performs a request later, unless that is done before; then it may be used for something else. */
  #delay(request: IoRequest, milliseconds: number): void {
    const delay = {};
    this.#late.set(request, delay);
    this.#after(milliseconds, () => {
      if (this.#late.get(request) === delay) this.#performLate(request);
    });
  }

  #performLate(request: IoRequest): void {
    this.#late.delete(request);
    this.#perform(request);
  }

  #perform(request: IoRequest): void {
    this.#mustBeOpen();
    const errno = this.failures.get(request.operation);
    if (errno !== undefined) return end(request, -errno);
    const { iov, offset, length } = request;
    switch (request.operation) {
      case IoOperation.READ:
        return this.#transferred(request, this.#inner.readNow(iov, offset, length));
      case IoOperation.WRITE:
        return this.#transferred(request, this.#inner.writeNow(iov, offset, length));
      default:
        return this.#inner.submit(request);
    }
  }

  /** The store below does a transfer at once, or takes it over. */
  #transferred(request: IoRequest, result: number): void {
    if (result !== request.length) return this.#inner.submit(request);
    end(request, 0);
  }

  /** Transfers the first `length` bytes; then the request ends as if the store did. */
  #transferPart(request: IoRequest, length: number): void {
    if (length === 0) return end(request, -Errno.ESHORT);
    const part = new IoRequest();
    part.operation = request.operation;
    part.offset = request.offset;
    part.length = length;
    const isFill = request.operation === IoOperation.FILL; // its one piece is written again and again
    for (let index = 0, left = length; left > 0 && index < request.iov.count; index++) {
      const piece = pieceAt(request.iov.address + index * ENTRY);
      const most = isFill ? piece.length : Math.min(piece.length, left);
      part.iov.push(piece.address, most);
      left -= most;
    }
    part.finished = ({ result }) => end(request, result < 0 ? result : -Errno.ESHORT);
    this.#inner.submit(part);
  }
}

function end(request: IoRequest, result: number): void {
  request.result = result;
  request.finished(request);
}
