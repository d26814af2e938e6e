/** Bytes on their way to the initiator: blocks of memory in the order in which they are sent. */
import type { IoVector } from "../../ffi/iovec.ts";
import { Memory, type MemoryPool } from "../../ffi/memory.ts";
import { type Digests, NO_DIGESTS } from "./digests.ts";

/** Bytes of the blocks that answers are gathered in; a larger one has a block of its own. */
const BLOCK = 256 * 2 ** 10;

const NOTHING = new Memory(1);

/** Pieces that one send takes. */
const PIECES_MOST = 64;

interface Block {
  memory: Memory;
  start: number;
  end: number;
  /** Whether answers are gathered in it: more may be added behind `end`. */
  open: boolean;
}

export class Output {
  #pool: MemoryPool;
  #blocks: Block[] = [];
  /** Records of blocks that are sent; their memory is elsewhere by now. */
  #spare: Block[] = [];
  #length = 0;
  /** Bytes that were sent so far. */
  #sent = 0;
  #gathered = 0;
  #held = 0;
  #digests: Digests = NO_DIGESTS;
  #touch: () => void;

  /** `touch` is called whenever something is added. */
  constructor(pool: MemoryPool, touch: () => void) {
    this.#pool = pool;
    this.#touch = touch;
  }

  /** Bytes that wait to be sent. */
  get length(): number {
    return this.#length;
  }

  /** Bytes of them that were gathered; the others are data with memory of its own. */
  get gathered(): number {
    return this.#gathered;
  }

  /** Bytes that were sent so far, and those that will have been when all that waits now is sent. */
  get sent(): number {
    return this.#sent;
  }

  get position(): number {
    return this.#sent + this.#length;
  }

  /** Bytes of memory that all of it takes. */
  get held(): number {
    return this.#held;
  }

  /** Puts digests into every PDU from now on. */
  useDigests(digests: Digests): void {
    this.#digests = digests;
  }

  /** Where the data segment of a PDU begins, counted from its header. */
  get dataOffset(): number {
    return this.#digests.dataOffset;
  }

  /**
   * Makes room for a PDU with up to `most` bytes of data and returns the block that has it; the header
   * goes at its `end`, the data `dataOffset` bytes behind. It is taken in by commitPdu().
   */
  reservePdu(most: number): Block {
    return this.reserveBytes(this.#digests.sizeOf(most));
  }

  /** Takes in the PDU behind the end of the last block, with the pad and the digests that it lacks. */
  commitPdu(): void {
    const { memory, end } = this.#blocks.at(-1)!;
    this.commitBytes(this.#digests.seal(memory, end));
  }

  /**
   * Makes room for `length` bytes of PDUs that the caller lays out and seals, and returns the block
   * that has it; they go at its `end` and are taken in by commitBytes().
   */
  reserveBytes(length: number): Block {
    const last = this.#blocks.at(-1);
    if (last !== undefined && last.open && last.end + length <= last.memory.length) return last;
    return this.#add(this.#pool.take(Math.max(length, BLOCK)), 0, length <= BLOCK);
  }

  /** Takes in `length` bytes that were written behind the end of the last block. */
  commitBytes(length: number): void {
    const last = this.#blocks.at(-1)!;
    last.end += length;
    if (last.open) this.#gathered += length;
    this.#length += length;
    this.#touch();
  }

  /** Gives up what was reserved and not committed. */
  release(): void {
    const last = this.#blocks.at(-1)!;
    if (last.end > last.start) return;
    this.#blocks.pop();
    this.#drop(last);
  }

  /** Takes in a block that was filled elsewhere; it is given back to the pool when it is sent. */
  append(memory: Memory, length: number): void {
    this.#add(memory, length, false);
    this.#length += length;
    this.#touch();
  }

  /** Blocks that wait to be sent. */
  get blockCount(): number {
    return this.#blocks.length;
  }

  /** Address of the first byte to send. */
  get firstAddress(): number {
    const first = this.#blocks[0]!;
    return first.memory.address + first.start;
  }

  /** Bytes of the first block. */
  get firstLength(): number {
    const first = this.#blocks[0]!;
    return first.end - first.start;
  }

  /** Lists what is to be sent next. */
  fill(iov: IoVector): void {
    iov.clear();
    const count = Math.min(this.#blocks.length, PIECES_MOST);
    for (let index = 0; index < count; index++) {
      const { memory, start, end } = this.#blocks[index]!;
      iov.push(memory.address + start, end - start);
    }
  }

  /** Drops `sent` bytes that are with the system now. */
  advance(sent: number): void {
    this.#length -= sent;
    this.#sent += sent;
    let left = sent;
    for (;;) {
      const first = this.#blocks[0];
      if (first === undefined) return;
      const length = first.end - first.start;
      if (first.open) this.#gathered -= Math.min(left, length);
      if (left < length) {
        first.start += left;
        return;
      }
      left -= length;
      this.#blocks.shift();
      this.#drop(first);
    }
  }

  /** Gives all memory back. */
  discard(): void {
    for (const block of this.#blocks) this.#drop(block);
    this.#blocks.length = 0;
    this.#length = 0;
    this.#gathered = 0;
  }

  #add(memory: Memory, end: number, open: boolean): Block {
    const block = this.#spare.pop() ?? { memory, start: 0, end: 0, open: true };
    block.memory = memory;
    block.start = 0;
    block.end = end;
    block.open = open;
    this.#held += memory.length;
    this.#blocks.push(block);
    return block;
  }

  #drop(block: Block): void {
    this.#held -= block.memory.length;
    this.#pool.give(block.memory);
    block.memory = NOTHING; // the record must not keep what the pool has let go
    this.#spare.push(block);
  }

  /** Everything that waits, copied; for a caller without a socket. */
  takeBytes(): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(this.#length);
    let at = 0;
    for (const { memory, start, end } of this.#blocks) {
      bytes.set(memory.bytes.subarray(start, end), at);
      at += end - start;
    }
    this.advance(this.#length);
    return bytes;
  }
}
