/**
 * The flushes of a disk: one is under way, and all that are asked for meanwhile are one that follows.
 * So however many are asked for, two calls of the store are the most that anybody waits for.
 */
import { IoOperation } from "../store/io_request.ts";
import type { VirtualDisk } from "./virtual_disk.ts";

export class Flusher {
  #disk: VirtualDisk;
  #running: ((result: number) => void)[] | undefined = undefined;
  #next: ((result: number) => void)[] | undefined = undefined;
  /** Whether writes have ended that no flush has begun after; and whether there were some before this one. */
  #isDirty = false;
  #coversWrites = false;

  constructor(disk: VirtualDisk) {
    this.#disk = disk;
  }

  /** A write has ended that need not be on stable storage. */
  noteWrite(): void {
    this.#isDirty = true;
  }

  /** Whether writes may have ended that are not on stable storage. */
  get hasUnflushed(): boolean {
    return this.#isDirty || this.#coversWrites;
  }

  /** Begins anew, on a store that nothing was written to. */
  reset(): void {
    this.#isDirty = false;
    this.#coversWrites = false;
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

  #start(who: ((result: number) => void)[]): void {
    const disk = this.#disk;
    this.#running = who;
    this.#coversWrites = this.hasUnflushed;
    this.#isDirty = false;
    const request = disk.takeRequest();
    request.start(IoOperation.SYNC, 0, 0, () => {
      if (request.result >= 0) this.#coversWrites = false;
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
