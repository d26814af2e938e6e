/** The blocks that a copy touches at one time, for the block locks of a disk. */
import type { BlockUser } from "../vdisk/block_locks.ts";

const READ_16 = 0x88;
const WRITE_16 = 0x8a;

export class CopyAccess implements BlockUser {
  readonly cdb: Uint8Array;
  readonly exclusive: boolean;
  lba = 0;
  blocks = 0;

  /**
   * A write has its blocks to itself: should the copy be aborted meanwhile, nobody writes there
   * before the store has finished.
   */
  constructor(writes: boolean) {
    this.cdb = Uint8Array.of(writes ? WRITE_16 : READ_16);
    this.exclusive = writes;
  }

  /** Covers `length` bytes at `at`, whole blocks of `blockSize` bytes. */
  cover(at: number, length: number, blockSize: number): void {
    this.lba = at / blockSize;
    this.blocks = length / blockSize;
  }
}
