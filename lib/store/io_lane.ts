/**
 * The way of one store's requests to the I/O workers. Each store has one, so that a store that hangs
 * keeps nobody waiting but those who use it; and in it the sessions that use the store take turns.
 */
import { IoOperation, type IoRequest, isLook } from "./io_request.ts";

/** Microseconds that calls sleep, on an average, if it is worth while to have more of them at one time. */
const SLEEPS = 100;

/** The average is one over about so many calls. */
const CALLS = 16;

/** Milliseconds without an end of a call after which a store does not get on. */
const HANGS = 100;

/** A store has so many times as many workers as are idle, at most. */
const SHARE = 2;

/** What may go to one worker together. */
export const Company = {
  /** It goes alone. */
  NONE: 0,
  /** What takes a moment each when the data has come. */
  TRANSFERS: 1,
  /** What all ends with one flush. */
  DURABLE: 2,
} as const;
export type Company = typeof Company[keyof typeof Company];

export class IoLane {
  /** Batches that are with the workers. */
  underWay = 0;
  /**
   * Whether its transfers go through the page cache, where the system reads ahead what it was asked for
   * in vain, and one flush is as good as many: then one worker waits for many of them as well as many
   * workers would.
   */
  gathers = false;
  /** What waits, by whose it is; and in which order they have their turns. */
  #bySource = new Map<object | undefined, IoRequest[]>();
  #turns: IoRequest[][] = [];
  /** Requests that wait and are more than a look. */
  #pressing = 0;
  #sleep = 0;
  #lastEnd = 0;

  /** Whether none of its requests is with a worker, and somebody waits for one. */
  get isStarving(): boolean {
    return this.underWay === 0 && this.#pressing > 0;
  }

  get isWaiting(): boolean {
    return this.#turns.length > 0;
  }

  push(request: IoRequest): void {
    this.#queueOf(request).push(request);
  }

  /** Gives back what has been taken, and is not done: it comes before what else its source wants. */
  putBack(request: IoRequest): void {
    this.#queueOf(request).unshift(request);
  }

  #queueOf({ source, operation }: IoRequest): IoRequest[] {
    if (!isLook(operation)) this.#pressing++;
    let queue = this.#bySource.get(source);
    if (queue === undefined) {
      queue = [];
      this.#bySource.set(source, queue);
      this.#turns.push(queue);
    }
    return queue;
  }

  /**
   * Takes the oldest request of the source whose turn it is: one who has a hundred waiting keeps
   * nobody from getting his only one done next.
   */
  take(): IoRequest {
    const waiting = this.#turns.shift()!;
    const request = waiting.shift()!;
    if (!isLook(request.operation)) this.#pressing--;
    if (waiting.length > 0) this.#turns.push(waiting);
    else this.#bySource.delete(request.source);
    return request;
  }

  /** With what the request whose turn it is may go to one worker. */
  company(now: number): Company {
    const next = this.#turns[0]?.[0];
    if (!this.gathers || next === undefined) return Company.NONE;
    switch (next.operation) {
      case IoOperation.READ:
        return Company.TRANSFERS;
      case IoOperation.WRITE:
        return this.isSlow(now) ? Company.NONE : Company.TRANSFERS;
      case IoOperation.WRITE_DURABLE:
        return Company.DURABLE;
      default:
        return Company.NONE;
    }
  }

  /** A call for a request has ended that took so many microseconds because it slept; 0 if it did not. */
  noteEnd({ operation }: IoRequest, slept: number, now: number): void {
    this.#lastEnd = now;
    // The system reads what is gathered all at one time: more who wait for it get no more of it.
    if (this.gathers && operation === IoOperation.READ) return;
    this.#sleep += (slept - this.#sleep) / CALLS;
  }

  /** Whether the calls sleep, and end: more of them at one time get more done. */
  isSlow(now: number): boolean {
    return this.#sleep > SLEEPS && now - this.#lastEnd < HANGS;
  }

  /**
   * Whether one more of its batches may be with the workers, beside some that are: one of the idle
   * ones is left to stores that have none, and however many stores hang none of them has more than a
   * share of the others.
   */
  mayStart(idle: number): boolean {
    return this.underWay < SHARE * (idle - 1);
  }
}
