/**
 * The loop of the data isolate: it waits for descriptors and hands what was found to their handlers,
 * one after the other. Nothing in it awaits.
 */
import { closeSocket } from "../../ffi/socket.ts";
import { createPoller } from "../../ffi/create_poller.ts";
import type { Poller } from "../../ffi/poller.ts";

/** Who deals with a descriptor. */
export interface Handler {
  /** Something was found: bits of ffi/poller.ts. */
  ready(found: number): void;
}

/** Who wants to do something at the end of a turn. */
export interface Settler {
  settle(): void;
}

const TICK = 1000; // milliseconds

/** A loop that always finds something looks at the clock once in so many turns. */
const TURNS_PER_LOOK = 64;

export class Loop {
  #poller: Poller = createPoller();
  #handlers = new Map<number, Handler>();
  #settlers: Settler[] = [];
  #closing: number[] = [];
  #running = true;
  #report: (error: unknown) => void;
  #tick: (now: number) => void;

  /** `tick` is called once a second; `report` hears of exceptions, which are bugs. */
  constructor(tick: (now: number) => void, report: (error: unknown) => void) {
    this.#tick = tick;
    this.#report = report;
  }

  /** Watches a descriptor. */
  watch(fd: number, interest: number, handler: Handler): void {
    this.#poller.add(fd, fd, interest);
    this.#handlers.set(fd, handler);
  }

  /** Changes what a descriptor is watched for. */
  change(fd: number, interest: number): void {
    this.#poller.modify(fd, fd, interest);
  }

  /** Ends the watching. */
  unwatch(fd: number): void {
    this.#poller.remove(fd);
    this.#handlers.delete(fd);
  }

  /** Ends the watching and closes the socket when this turn is over: its number stays taken so long. */
  close(fd: number): void {
    this.unwatch(fd);
    this.#closing.push(fd);
  }

  /** Calls `settler.settle()` at the end of this turn. */
  settleLater(settler: Settler): void {
    this.#settlers.push(settler);
  }

  /** Ends run() after this turn. */
  stop(): void {
    this.#running = false;
  }

  /** Runs until stop(). */
  run(): void {
    let nextTick = performance.now() + TICK;
    for (let turn = 0; this.#running; turn++) {
      const count = this.#poller.wait(TICK);
      for (let index = 0; index < count; index++) {
        this.#guard(this.#poller.token(index), this.#poller.found(index));
      }
      if (count === 0 || turn % TURNS_PER_LOOK === 0) nextTick = this.#tickIfDue(nextTick);
      this.#endTurn();
    }
    this.#poller.close();
  }

  #tickIfDue(nextTick: number): number {
    const now = performance.now();
    if (now < nextTick) return nextTick;
    this.#try(() => this.#tick(now));
    return now + TICK;
  }

  #guard(token: number, found: number): void {
    try {
      this.#handlers.get(token)?.ready(found);
    } catch (error) {
      this.#report(error);
    }
  }

  #try(action: () => void): void {
    try {
      action();
    } catch (error) {
      this.#report(error);
    }
  }

  #endTurn(): void {
    // Settling one may give another one something to do.
    for (let settler = this.#settlers.pop(); settler; settler = this.#settlers.pop()) {
      const who = settler;
      this.#try(() => who.settle());
    }
    for (let fd = this.#closing.pop(); fd !== undefined; fd = this.#closing.pop()) closeSocket(fd);
  }
}
