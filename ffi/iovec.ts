/** struct iovec (sys/uio.h): an array of addresses and lengths for readv, preadv, pwritev, sendmsg. */
import { copyFrom, Memory } from "./memory.ts";

const ENTRY = 16; // iov_base: 8, iov_len: 8; both systems are 64-bit little-endian
const HIGH = 2 ** 32;

/** More entries than this in one call are refused by both systems (IOV_MAX). */
export const IOV_MAX = 1024;

/** Reads the entry at `address`, which its owner keeps alive until this returns. */
export function pieceAt(address: number): { address: number; length: number } {
  const { buffer } = copyFrom(address, ENTRY);
  const view = new DataView(buffer);
  return {
    address: view.getUint32(0, true) + view.getUint32(4, true) * HIGH,
    length: view.getUint32(8, true),
  };
}

/** A growing list of pieces of memory. It holds addresses only: the owner of the memory is elsewhere. */
export class IoVector {
  #memory: Memory;
  #first = 0;
  #end = 0;

  /** Makes room for `capacity` entries; more are made room for when they come. */
  constructor(capacity = 16) {
    this.#memory = new Memory(capacity * ENTRY);
  }

  /** Address of the first entry that is left. */
  get address(): number {
    return this.#memory.address + this.#first * ENTRY;
  }

  /** Entries that one call may take: those that are left, IOV_MAX at most. */
  get count(): number {
    return Math.min(this.#end - this.#first, IOV_MAX);
  }

  /** Forgets all entries. */
  clear(): void {
    this.#first = 0;
    this.#end = 0;
  }

  /** Appends `length` bytes at `address`. */
  push(address: number, length: number): void {
    if ((this.#end + 1) * ENTRY > this.#memory.length) this.#grow();
    const at = this.#end++ * ENTRY;
    const view = this.#memory.view;
    view.setUint32(at, address >>> 0, true);
    view.setUint32(at + 4, address / HIGH, true);
    view.setUint32(at + 8, length, true);
    view.setUint32(at + 12, 0, true);
  }

  /** Drops the first `bytes` bytes, as after a short transfer. */
  advance(bytes: number): void {
    const view = this.#memory.view;
    let left = bytes;
    while (left > 0 && this.#first < this.#end) {
      const at = this.#first * ENTRY;
      const length = view.getUint32(at + 8, true);
      if (left >= length) {
        left -= length;
        this.#first++;
        continue;
      }
      const address = view.getUint32(at, true) + view.getUint32(at + 4, true) * HIGH + left;
      view.setUint32(at, address >>> 0, true);
      view.setUint32(at + 4, address / HIGH, true);
      view.setUint32(at + 8, length - left, true);
      left = 0;
    }
  }

  #grow(): void {
    const larger = new Memory(this.#memory.length * 2);
    larger.bytes.set(this.#memory.bytes);
    this.#memory = larger;
  }
}
