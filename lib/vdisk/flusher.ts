/**
 * The flushes of a disk: one is under way, and all that are asked for meanwhile are one that follows.
 * So however many are asked for, two calls of the store are the most that anybody waits for.
 */
import { IoOperation } from "../store/io_request.ts";
import type { VirtualDisk } from "./virtual_disk.ts";

/** What can be read of a disk that need not be on stable storage. */
const Ahead = {
  NOTHING: 0,
  /** Something: what a write left that has failed, or what was there when the store was opened. */
  SOMETHING: 1,
  /** Writes that have ended with GOOD. */
  WRITES: 3,
} as const;

export class Flusher {
  #disk: VirtualDisk;
  #running: ((result: number) => void)[] | undefined = undefined;
  #next: ((result: number) => void)[] | undefined = undefined;
  /** What no flush has begun after; who wrote to the store before it was opened may not have flushed it. */
  #since: number = Ahead.SOMETHING;
  /** What there was before the flush that runs, or before those that failed. */
  #before: number = Ahead.NOTHING;
  /** Operations under way that change the store. */
  #changing = 0;
  #looks = false;

  constructor(disk: VirtualDisk) {
    this.#disk = disk;
  }

  /** A write has ended that need not be on stable storage. */
  noteWrite(): void {
    this.#since = Ahead.WRITES;
  }

  /** Something may have been changed by a write that has not ended with GOOD. */
  noteChange(): void {
    this.#since |= Ahead.SOMETHING;
  }

  /** An operation begins that changes the store, and tells its end with endChange(). */
  beginChange(): void {
    this.#changing++;
  }

  /** An operation that changes the store has ended; what it leaves to the next flush was noted. */
  endChange(): void {
    this.#changing--;
  }

  /** Whether writes may have ended that are not on stable storage. */
  get hasUnflushed(): boolean {
    return (this.#since | this.#before) === Ahead.WRITES;
  }

  /** Whether anything that is read may be other than what is on stable storage, which nv_cache is. */
  get isAhead(): boolean {
    if (this.#disk.settings.nvCache) return false;
    return this.#changing > 0 || (this.#since | this.#before) !== Ahead.NOTHING;
  }

  /** Begins anew, on a store that nothing was written to through this disk. */
  reset(): void {
    this.#since = Ahead.SOMETHING;
    this.#before = Ahead.NOTHING;
  }

  /**
   * Brings everything that was written before this call to stable storage; `then` hears 0, or -errno
   * when that failed now or ever before.
   */
  flush(then?: (result: number) => void): void {
    if (this.#running !== undefined) {
      // What runs may have begun before the last write.
      this.#next ??= [];
      if (then !== undefined) this.#next.push(then);
      return;
    }
    this.#start(then === undefined ? [] : [then]);
  }

  /**
   * Brings what may be read now to stable storage, as flush() does; `then` is called in the same turn
   * where nothing is missing there.
   */
  settle(then: (result: number) => void): void {
    if (this.isAhead) this.flush(then);
    else then(0);
  }

  /**
   * Looks whether the system has failed, meanwhile and by itself, to bring writes to stable storage that
   * have ended: they are lost, and the disk fails as it does by a flush that fails.
   */
  look(): void {
    const disk = this.#disk;
    if (this.#looks || !this.hasUnflushed || disk.failure !== 0) return;
    this.#looks = true;
    const request = disk.takeRequest();
    request.start(IoOperation.WRITEBACK, 0, 0, () => {
      this.#looks = false;
      disk.giveRequest(request);
    });
  }

  #start(who: ((result: number) => void)[]): void {
    const disk = this.#disk;
    this.#running = who;
    this.#before |= this.#since;
    this.#since = Ahead.NOTHING;
    const request = disk.takeRequest();
    request.start(IoOperation.SYNC, 0, 0, () => {
      if (request.result >= 0) this.#before = Ahead.NOTHING;
      disk.giveRequest(request);
      this.#ended();
    });
  }

  #ended(): void {
    const who = this.#running!;
    const next = this.#next;
    this.#running = undefined;
    this.#next = undefined;
    if (next !== undefined) this.#start(next);
    for (const then of who) then(-this.#disk.failure);
  }
}
