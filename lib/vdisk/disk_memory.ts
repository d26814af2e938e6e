/**
 * The memory of the shard as one disk may use it for its commands. All disks have most of it together;
 * beyond that each has a little of its own, so that the commands of a disk whose store does not answer
 * cannot take from the others what they need to go on.
 */
import { Borrower, type Memory, type MemoryPool } from "../../ffi/memory.ts";

/** Bytes that are in use from which on a disk has no more than its own share. */
const COMMON_MOST = 512 * 2 ** 20;

/** Bytes that a disk may have in any case. */
const SHARE = 4 * 2 ** 20;

export class DiskMemory {
  #pool: MemoryPool;
  #borrower = new Borrower();

  constructor(pool: MemoryPool) {
    this.#pool = pool;
  }

  /** Whether there is room for another command that needs memory; what comes beyond gets TASK SET FULL. */
  get hasRoom(): boolean {
    return this.#pool.lent < COMMON_MOST || this.#borrower.lent < SHARE;
  }

  /** Lends a block of at least `length` bytes, with any content. */
  take(length: number): Memory {
    return this.#pool.take(length, this.#borrower);
  }

  /** Takes a lent block back. */
  give(block: Memory): void {
    this.#pool.give(block);
  }
}
