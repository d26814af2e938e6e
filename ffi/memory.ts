/**
 * Memory that C calls may read and write. A `Memory` is the owner: whoever hands its address to a
 * call that is not finished keeps the Memory itself, for the address alone keeps nothing alive.
 */
import { libc, setWord, words } from "./libc.ts";

/** Somebody whose part of a pool is counted. */
export class Borrower {
  /** Bytes that it has now. */
  lent = 0;
}

/** A block of memory with its views and its address. */
export class Memory {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly view: DataView<ArrayBuffer>;
  /** Where byte 0 lies in the address space of the process. */
  readonly address: number;
  readonly length: number;
  /** Who has it from a pool, if that is counted. */
  borrower: Borrower | undefined = undefined;

  /** Allocates `length` zeroed bytes. */
  constructor(length: number) {
    this.bytes = new Uint8Array(new ArrayBuffer(length));
    this.view = new DataView(this.bytes.buffer);
    this.address = Number(Deno.UnsafePointer.value(Deno.UnsafePointer.of(this.bytes)));
    this.length = length;
  }
}

/** A copy of `length` bytes at `address`, which their owner keeps alive until this returns. */
export function copyFrom(address: number, length: number): Uint8Array<ArrayBuffer> {
  return bytesAt(address, length).slice();
}

/** The bytes at `address` as they are, as long as their owner keeps them alive. */
export function bytesAt(address: number, length: number): Uint8Array<ArrayBuffer> {
  const pointer = Deno.UnsafePointer.create(BigInt(address));
  if (pointer === null) throw new Error("Cannot look at address 0");
  return new Uint8Array(Deno.UnsafePointerView.getArrayBuffer(pointer, length));
}

/** Copies `length` bytes from one address to another; their owners keep them alive until this returns. */
export function copyMemory(to: number, from: number, length: number): void {
  setWord(0, to);
  setWord(1, from);
  setWord(2, length);
  libc.memcpy(words[0]!, words[1]!, words[2]!);
}

const SMALLEST = 4096;
const LARGEST = 16 * 2 ** 20; // larger blocks are not kept

/**
 * The number of the class of blocks that hold `length` bytes. There are four classes from one power of
 * two to the next: data with its headers is a little more than one, and shall not take two.
 */
function classOf(length: number): number {
  const last = Math.max(length, SMALLEST) - 1;
  const exponent = 31 - Math.clz32(last); // 2**exponent <= last < 2**(exponent + 1)
  return exponent * 4 + (last >>> exponent - 2) - 3;
}

/** Bytes of the block that MemoryPool.take() lends for `length` bytes, at most 2**30. */
export function blockLengthOf(length: number): number {
  const size = classOf(length) - 1;
  return (size & 3) + 5 << (size >> 2) - 2;
}

/**
 * Blocks in classes of sizes that are used again and again. What is lent is counted, so that limits
 * can be set on it; what is kept unused is bounded by `keep` bytes.
 */
export class MemoryPool {
  #free: Memory[][] = [];
  #keep: number;
  #kept = 0;
  #lent = 0;

  /** `keep`: bytes of unused blocks that stay for the next taker. */
  constructor(keep: number) {
    this.#keep = keep;
    for (let size = 0; size <= classOf(LARGEST); size++) this.#free.push([]);
  }

  /** Bytes that are lent now. */
  get lent(): number {
    return this.#lent;
  }

  /** Bytes of unused blocks that are kept now. */
  get kept(): number {
    return this.#kept;
  }

  /**
   * Lends a block of at least `length` bytes, which counts for `borrower` until it is given back. Its
   * content is whatever was there before.
   */
  take(length: number, borrower?: Borrower): Memory {
    const size = classOf(length);
    const kept = this.#free[size]?.pop();
    if (kept !== undefined) this.#kept -= kept.length;
    const block = kept ?? new Memory(blockLengthOf(length));
    this.#lent += block.length;
    block.borrower = borrower;
    if (borrower !== undefined) borrower.lent += block.length;
    return block;
  }

  /** Takes a lent block back. The giver must not touch it any more. */
  give(block: Memory): void {
    this.#lent -= block.length;
    if (block.borrower !== undefined) block.borrower.lent -= block.length;
    block.borrower = undefined;
    if (block.length > LARGEST || this.#kept + block.length > this.#keep) return;
    this.#kept += block.length;
    this.#free[classOf(block.length)]!.push(block);
  }
}
