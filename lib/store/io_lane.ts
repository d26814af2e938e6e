/**
 * The way of one store's requests to the I/O workers. Each store has one, so that a store that hangs
 * keeps nobody waiting but those who use it; and in it the sessions that use the store take turns.
 */
import { type IoRequest, isLook } from "./io_request.ts";

/** Microseconds that calls sleep, on an average, if it is worth while to have more of them at one time. */
const SLEEPS = 100;

/** The average is one over about so many calls. */
const CALLS = 16;

/** Milliseconds without an end of a call after which a store does not get on. */
const HANGS = 100;

/** A store has so many times as many workers as are idle, at most. */
const SHARE = 2;

export class IoLane {
  /** Requests that are with the workers. */
  underWay = 0;
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
    const { source } = request;
    if (!isLook(request.operation)) this.#pressing++;
    const waiting = this.#bySource.get(source);
    if (waiting !== undefined) {
      waiting.push(request);
      return;
    }
    const first = [request];
    this.#bySource.set(source, first);
    this.#turns.push(first);
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

  /** A call has ended that took so many microseconds because it slept; 0 if it did not. */
  noteEnd(slept: number, now: number): void {
    this.#sleep += (slept - this.#sleep) / CALLS;
    this.#lastEnd = now;
  }

  /** Whether the calls sleep, and end: more of them at one time get more done. */
  isSlow(now: number): boolean {
    return this.#sleep > SLEEPS && now - this.#lastEnd < HANGS;
  }

  /**
   * Whether one more of its requests may be with the workers, beside some that are: one of the idle
   * ones is left to stores that have none, and however many stores hang none of them has more than a
   * share of the others.
   */
  mayStart(idle: number): boolean {
    return this.underWay < SHARE * (idle - 1);
  }
}
