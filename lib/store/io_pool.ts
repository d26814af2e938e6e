/**
 * The data isolate's end of the I/O workers. A request is handed out when a worker has nothing to do;
 * until then it waits in the lane of its store, and the lanes take turns. What waits in a lane that
 * gathers goes to one worker as a batch: waking a worker, and being woken by it, costs more than most
 * transfers. There are few workers as long as their calls do not sleep. When they do, more help: that
 * is what keeps a disk busy that answers slowly, and other stores going while one does not answer at
 * all.
 */
import { Errno } from "../../ffi/errno.ts";
import { Wake, type WakeHandle } from "../../ffi/wake.ts";
import { Company, IoLane } from "./io_lane.ts";
import { type IoRequest, isAboutPath, isTransfer } from "./io_request.ts";
import { BATCH_MOST, IoRing, NO_SLOT, SLOTS, WORKERS_MOST } from "./io_ring.ts";

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
  /** Calls settle() when nothing more is submitted for the moment. */
  settleLater(pool: IoPool): void;
  /** Hears of exceptions of those who are told that a request is finished: they are bugs. */
  report(error: unknown): void;
}

/**
 * So many workers come as soon as a store has to wait for another one. Only the first is always there:
 * each has an engine of its own, which takes 12 MiB.
 */
const AT_ONCE = 2;

/** Milliseconds without a begin or an end of a call, or a new worker, after which workers count as stuck. */
const STUCK = 5;

/** Bytes after which a batch takes nothing more: copying them takes longer than waking a worker. */
const BATCH_BYTES = 256 * 1024;

/** What one worker was given. */
class Batch {
  lane: IoLane | undefined = undefined;
  /** Requests that have not ended. */
  left = 0;
}

export class IoPool {
  #ring: IoRing;
  #wake: Wake;
  #owner: IoPoolOwner;
  #requests: (IoRequest | undefined)[] = new Array(SLOTS).fill(undefined);
  /** By slot. */
  #batches: (Batch | undefined)[] = new Array(SLOTS).fill(undefined);
  #free: number[] = Array.from({ length: SLOTS }, (_, index) => SLOTS - 1 - index);
  #freeBatches: Batch[] = Array.from({ length: WORKERS_MOST }, () => new Batch());
  /** For requests that belong to no store. */
  #ownLane = new IoLane();
  /** Lanes in which something waits, the next one first. */
  #turns: IoLane[] = [];
  #pending = 0;
  /** When a call began or ended. */
  #lastStep = 0;
  #lastGrowth = 0;
  #looks = false;
  #settles = false;

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
    this.#settleLater();
  }

  /** Ends every request that the workers have finished. */
  drain(): void {
    this.#wake.acknowledge();
    for (;;) {
      const slot = this.#ring.takeFinished();
      if (slot === NO_SLOT) break;
      this.#lastStep = performance.now();
      try {
        this.#end(slot);
      } catch (error) {
        this.#owner.report(error); // the others are finished all the same
      }
    }
    this.#settleLater();
  }

  /** Looks whether the workers are stuck while requests wait for them. */
  look(): void {
    this.#looks = false;
    this.#settleLater();
  }

  /** Hands out what may be handed out. */
  settle(): void {
    this.#settles = false;
    for (let turn = this.#nextTurn(); turn >= 0; turn = this.#nextTurn()) {
      const [lane] = this.#turns.splice(turn, 1);
      this.#start(lane!);
      if (lane!.isWaiting) this.#turns.push(lane!);
    }
    if (this.#ring.expected < this.#busy) this.#grow(); // a worker left at the very moment
    if (this.#turns.length > 0) this.#help();
  }

  #settleLater(): void {
    if (this.#settles) return;
    this.#settles = true;
    this.#owner.settleLater(this);
  }

  /** Workers that have a batch, or are about to take one. */
  get #busy(): number {
    return WORKERS_MOST - this.#freeBatches.length;
  }

  get #idle(): number {
    return this.#ring.workers - this.#busy;
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

  /** Gives a worker what is next in a lane, and what may be gathered behind it. */
  #start(lane: IoLane): void {
    const now = performance.now();
    this.#lastStep = now;
    const batch = this.#freeBatches.pop()!;
    batch.lane = lane;
    lane.underWay++;
    const company = lane.company(now);
    const first = this.#fill(lane.take(), batch);
    let last = first;
    for (let bytes = this.#requests[first]!.length; bytes < BATCH_BYTES;) {
      if (company === Company.NONE || lane.company(now) !== company) break;
      if (batch.left === BATCH_MOST) break;
      const request = lane.take();
      const slot = this.#fill(request, batch);
      this.#ring.link(last, slot);
      last = slot;
      bytes += request.length;
    }
    this.#ring.submit(first);
  }

  #fill(request: IoRequest, batch: Batch): number {
    const slot = this.#free.pop()!;
    this.#requests[slot] = request;
    this.#batches[slot] = batch;
    batch.left++;
    this.#ring.fill(
      slot,
      request.operation,
      request.fd,
      isAboutPath(request.operation) ? request.memory!.address : request.iov.address,
      request.iov.count,
      request.offset + request.done,
      request.length,
      request.alignment,
    );
    return slot;
  }

  /** Ends the request in a slot, or has it go on where it was interrupted. */
  #end(slot: number): void {
    const result = this.#ring.result(slot);
    const request = this.#requests[slot]!;
    const batch = this.#batches[slot]!;
    const lane = batch.lane!;
    lane.noteEnd(request, this.#ring.slept(slot), this.#lastStep);
    this.#requests[slot] = undefined;
    this.#batches[slot] = undefined;
    this.#free.push(slot);
    batch.left--;
    if (batch.left === 0) {
      lane.underWay--;
      batch.lane = undefined;
      this.#freeBatches.push(batch);
    }
    if (goesOn(request, result)) {
      if (!lane.isWaiting) this.#turns.push(lane);
      lane.putBack(request);
      return;
    }
    this.#pending--;
    request.finished(request);
  }
}

/** Notes the result of a call; whether another one has to be made for what is left. */
function goesOn(request: IoRequest, result: number): boolean {
  if (result === -Errno.EINTR) return true;
  if (!isTransfer(request.operation) || result < 0) {
    request.result = result;
    return false;
  }
  request.done += result;
  if (result > 0 && request.done < request.length) {
    request.iov.advance(result);
    return true;
  }
  // Nothing was transferred though something was left: the store ended before its size.
  request.result = request.done < request.length ? -Errno.ESHORT : 0;
  return false;
}
