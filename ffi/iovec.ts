/** struct iovec (sys/uio.h): an array of addresses and lengths for readv, preadv, pwritev, sendmsg. */
import { setHalves } from "./libc.ts";
import { bytesAt, copyFrom, copyMemory, Memory } from "./memory.ts";

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

/** Goes through the memory that `count` entries name, from the first byte to the last. */
export class PieceWalk {
  #entries: DataView;
  #count: number;
  #next = 0;
  #address = 0;
  #left = 0;

  /** The entries at `iov` are kept alive by their owner as long as this is used. */
  constructor(iov: number, count: number) {
    const { buffer } = bytesAt(iov, count * ENTRY);
    this.#entries = new DataView(buffer);
    this.#count = count;
  }

  /** Bytes in all entries. */
  get total(): number {
    let bytes = 0;
    for (let index = 0; index < this.#count; index++) bytes += this.#lengthOf(index);
    return bytes;
  }

  /** Copies the next `length` bytes to an address. */
  copyTo(address: number, length: number): void {
    this.#walk(length, (piece, done, bytes) => copyMemory(address + done, piece, bytes));
  }

  /** Fills the next `length` bytes from an address. */
  fillFrom(address: number, length: number): void {
    this.#walk(length, (piece, done, bytes) => copyMemory(piece, address + done, bytes));
  }

  #walk(length: number, copy: (piece: number, done: number, bytes: number) => void): void {
    for (let done = 0; done < length;) {
      while (this.#left === 0) this.#enter();
      const bytes = Math.min(this.#left, length - done);
      copy(this.#address, done, bytes);
      this.#address += bytes;
      this.#left -= bytes;
      done += bytes;
    }
  }

  #enter(): void {
    if (this.#next === this.#count) throw new RangeError("Cannot walk beyond the last piece");
    const at = this.#next * ENTRY;
    const entries = this.#entries;
    this.#address = entries.getUint32(at, true) + entries.getUint32(at + 4, true) * HIGH;
    this.#left = this.#lengthOf(this.#next++);
  }

  #lengthOf(index: number): number {
    return this.#entries.getUint32(index * ENTRY + 8, true);
  }
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

  /** Puts address and length of the first piece that is left into the words 0 and 1 for a call. */
  putFirst(): void {
    const view = this.#memory.view;
    const at = this.#first * ENTRY;
    setHalves(0, view.getUint32(at, true), view.getUint32(at + 4, true));
    setHalves(1, view.getUint32(at + 8, true), 0);
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
