/**
 * Memory that C calls may read and write. A `Memory` is the owner: whoever hands its address to a
 * call that is not finished keeps the Memory itself, for the address alone keeps nothing alive.
 */

/** A block of memory with its views and its address. */
export class Memory {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly view: DataView<ArrayBuffer>;
  /** Where byte 0 lies in the address space of the process. */
  readonly address: number;
  readonly length: number;

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
  const pointer = Deno.UnsafePointer.create(BigInt(address));
  if (pointer === null) throw new Error("Cannot copy from address 0");
  return new Uint8Array(Deno.UnsafePointerView.getArrayBuffer(pointer, length)).slice();
}

const SMALLEST = 12; // 4 KiB
const LARGEST = 24; // 16 MiB; larger blocks are not kept

/** The number of the class of blocks that hold `length` bytes: they are 2**class bytes long. */
function classOf(length: number): number {
  return Math.max(SMALLEST, 32 - Math.clz32(Math.max(length, 1) - 1));
}

/**
 * Blocks in sizes of powers of two that are used again and again. What is lent is counted, so that
 * limits can be set on it; what is kept unused is bounded by `keep` bytes.
 */
export class MemoryPool {
  #free: Memory[][] = [];
  #keep: number;
  #kept = 0;
  #lent = 0;

  /** `keep`: bytes of unused blocks that stay for the next taker. */
  constructor(keep: number) {
    this.#keep = keep;
    for (let size = 0; size <= LARGEST; size++) this.#free.push([]);
  }

  /** Bytes that are lent now. */
  get lent(): number {
    return this.#lent;
  }

  /** Lends a block of at least `length` bytes. Its content is whatever was there before. */
  take(length: number): Memory {
    const size = classOf(length);
    const block = size <= LARGEST ? this.#free[size]!.pop() : undefined;
    if (block === undefined) {
      const made = new Memory(2 ** size);
      this.#lent += made.length;
      return made;
    }
    this.#kept -= block.length;
    this.#lent += block.length;
    return block;
  }

  /** Takes a lent block back. The giver must not touch it any more. */
  give(block: Memory): void {
    this.#lent -= block.length;
    const size = classOf(block.length);
    if (size > LARGEST || this.#kept + block.length > this.#keep) return;
    this.#kept += block.length;
    this.#free[size]!.push(block);
  }
}
