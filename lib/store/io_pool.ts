/**
 * The data isolate's end of the I/O workers. A request is handed out when a worker has nothing to do;
 * until then it waits in the lane of its store, and the lanes take turns. There are few workers as
 * long as their calls do not sleep. When they do, more help: that is what keeps a disk busy that
 * answers slowly, and other stores going while one does not answer at all.
 */
import { Errno } from "../../ffi/errno.ts";
import { Wake, type WakeHandle } from "../../ffi/wake.ts";
import { IoLane } from "./io_lane.ts";
import { IoOperation, type IoRequest, isAboutPath } from "./io_request.ts";
import { IoRing, SLOTS } from "./io_ring.ts";

/** What every end of the pool needs; it can be posted to a Worker. */
export interface IoPoolHandle {
  readonly ring: SharedArrayBuffer;
  readonly wake: WakeHandle;
}

/** What the pool asks of whoever has it. */
export interface IoPoolOwner {
  /** Starts one more worker. */
  addWorker(): void;
  /** Calls look() in so many milliseconds. */
  lookIn(milliseconds: number): void;
  /** Hears of exceptions of those who are told that a request is finished: they are bugs. */
  report(error: unknown): void;
}

/** Workers at most: each slot of the ring may have one. */
export const WORKERS_MOST = SLOTS;

/**
 * So many workers come as soon as a store has to wait for another one. Only the first is always there:
 * each has an engine of its own, which takes 12 MiB.
 */
const AT_ONCE = 2;

/** Milliseconds without a begin or an end of a call, or a new worker, after which workers count as stuck. */
const STUCK = 5;

export class IoPool {
  #ring: IoRing;
  #wake: Wake;
  #owner: IoPoolOwner;
  #requests: (IoRequest | undefined)[] = new Array(SLOTS).fill(undefined);
  #lanes: (IoLane | undefined)[] = new Array(SLOTS).fill(undefined);
  #free: number[] = Array.from({ length: SLOTS }, (_, index) => SLOTS - 1 - index);
  /** For requests that belong to no store. */
  #ownLane = new IoLane();
  /** Lanes in which something waits, the next one first. */
  #turns: IoLane[] = [];
  #pending = 0;
  /** When a call began or ended. */
  #lastStep = 0;
  #lastGrowth = 0;
  #looks = false;

  constructor(handle: IoPoolHandle, owner: IoPoolOwner) {
    this.#owner = owner;
    this.#ring = new IoRing(handle.ring);
    this.#wake = new Wake(handle.wake);
  }

  /** The descriptor that becomes readable when there is something to do; then call drain(). */
  get wakeFd(): number {
    return this.#wake.readFd;
  }

  /** Requests that are not finished. */
  get pending(): number {
    return this.#pending;
  }

  /** Workers that there are. */
  get workers(): number {
    return this.#ring.workers;
  }

  /** Hands a request to the workers, in its turn. */
  submit(request: IoRequest, lane: IoLane = this.#ownLane): void {
    request.done = 0;
    this.#pending++;
    if (!lane.isWaiting) this.#turns.push(lane);
    lane.push(request);
    this.#dispatch();
  }

  /** Ends every request that the workers have finished. */
  drain(): void {
    this.#wake.acknowledge();
    for (;;) {
      const slot = this.#ring.takeFinished();
      if (slot < 0) break;
      this.#lastStep = performance.now();
      this.#lanes[slot]!.noteEnd(this.#ring.slept(slot), this.#lastStep);
      try {
        this.#settle(slot, this.#requests[slot]!, this.#ring.result(slot));
      } catch (error) {
        this.#owner.report(error); // the others are finished all the same
      }
    }
    this.#dispatch();
  }

  /** Looks whether the workers are stuck while requests wait for them. */
  look(): void {
    this.#looks = false;
    this.#dispatch();
  }

  get #idle(): number {
    return this.#ring.workers - (SLOTS - this.#free.length);
  }

  /** Hands out what may be handed out. */
  #dispatch(): void {
    for (let turn = this.#nextTurn(); turn >= 0; turn = this.#nextTurn()) {
      const [lane] = this.#turns.splice(turn, 1);
      lane!.underWay++;
      this.#start(this.#free.pop()!, lane!.take(), lane!);
      if (lane!.isWaiting) this.#turns.push(lane!);
    }
    if (this.#idle < 0) this.#grow(); // a worker left at the very moment
    if (this.#turns.length > 0) this.#help();
  }

  /** Whose turn it is: stores that have no worker come before those that have one; -1 if nobody's. */
  #nextTurn(): number {
    const idle = this.#idle;
    if (idle <= 0) return -1;
    const first = this.#turns.findIndex((lane) => lane.underWay === 0);
    return first >= 0 ? first : this.#turns.findIndex((lane) => lane.mayStart(idle));
  }

  /**
   * Has more workers when no call has ended for a while, and looks again soon: one for each store that
   * has none, else one to spare, or for stores that are slow, but get on.
   */
  #help(): void {
    const coming = this.#ring.expected - this.#ring.workers;
    const room = WORKERS_MOST - this.#ring.expected;
    const now = performance.now();
    const starving = this.#turns.filter((lane) => lane.isStarving).length;
    const wantsSecond = starving > 0 && this.#ring.expected < AT_ONCE;
    const isSlow = this.#turns.some((lane) => lane.isSlow(now));
    // Calls that sleep, and end, leave a disk idle between them: it is not for it to get stuck.
    const since = isSlow ? this.#lastGrowth : Math.max(this.#lastStep, this.#lastGrowth);
    if (wantsSecond || now - since > STUCK) {
      const helps = this.#idle === 0 || isSlow;
      const wanted = Math.min(room, (starving > 0 ? starving : Number(helps)) - coming);
      if (wanted > 0) {
        this.#lastGrowth = now;
        for (let worker = 0; worker < wanted; worker++) this.#grow();
      }
    }
    if (this.#looks) return;
    this.#looks = true;
    this.#owner.lookIn(STUCK);
  }

  #grow(): void {
    this.#ring.expectWorker();
    this.#owner.addWorker();
  }

  #start(slot: number, request: IoRequest, lane: IoLane): void {
    this.#lastStep = performance.now();
    this.#requests[slot] = request;
    this.#lanes[slot] = lane;
    this.#ring.submit(
      slot,
      request.operation,
      request.fd,
      isAboutPath(request.operation) ? request.memory!.address : request.iov.address,
      request.iov.count,
      request.offset + request.done,
      request.length,
      request.alignment,
    );
  }

  #settle(slot: number, request: IoRequest, result: number): void {
    const lane = this.#lanes[slot]!;
    if (result === -Errno.EINTR) return this.#start(slot, request, lane);
    if (isTransfer(request.operation) && result >= 0) {
      request.done += result;
      if (result > 0 && request.done < request.length) {
        request.iov.advance(result);
        return this.#start(slot, request, lane);
      }
      // Nothing was transferred though something was left: the store ended before its size.
      request.result = request.done < request.length ? -Errno.ESHORT : 0;
    } else {
      request.result = result;
    }
    this.#requests[slot] = undefined;
    this.#lanes[slot] = undefined;
    this.#free.push(slot);
    lane.underWay--;
    this.#pending--;
    request.finished(request);
  }
}

function isTransfer(operation: number): boolean {
  return operation <= IoOperation.WRITE_DURABLE;
}
