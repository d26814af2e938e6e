/**
 * Work on the medium as a whole (SANITIZE, FORMAT UNIT), which goes on by itself whatever becomes of
 * the command that began it. While it lasts nobody gets at the medium.
 */
import { NOTHING, PROGRESS, Sense } from "../scsi/sense.ts";
import { IoOperation } from "../store/io_request.ts";
import type { DiskRequest } from "./disk_request.ts";
import type { VirtualDisk } from "./virtual_disk.ts";

/** One way over the medium, from its first block to its last. */
export interface Pass {
  /** FILL, or an operation that needs no data. */
  readonly operation: number;
  /** What FILL writes: one block. */
  readonly block?: Uint8Array;
}

/** Bytes of memory that a block is repeated in. */
const PATTERN = 2 ** 20;

/** Bytes that the store is asked for at once. */
const FILL_MOST = 16 * 2 ** 20;
const RANGE_MOST = 2 ** 30;

/** PROGRESS INDICATION counts in so many parts: finer pieces of a very large medium show nothing. */
const PARTS = 65536;

export class Upkeep {
  /** What every command gets that would use the medium; NO_SENSE when it may. */
  sense: number = Sense.NO_SENSE;
  #disk: VirtualDisk;
  #request: DiskRequest | undefined = undefined;
  #passes: readonly Pass[] = [];
  #passesDone = 0;
  /** Bytes of the present pass that are done. */
  #done = 0;
  #finished: (result: number) => void = () => {};
  #inStep = false;
  #stepAgain = false;

  constructor(disk: VirtualDisk) {
    this.#disk = disk;
  }

  /** Whether there is work that goes on, or is about to. */
  get isBusy(): boolean {
    return this.sense === Sense.SANITIZE_IN_PROGRESS || this.sense === Sense.FORMAT_IN_PROGRESS;
  }

  /** SENSE KEY SPECIFIC that goes with `sense`, as `field` of sense data (SPC-5 4.4.2.4.6). */
  get field(): number {
    if (this.#request === undefined) return NOTHING;
    const passes = Math.max(1, this.#passes.length);
    const done = (this.#passesDone + this.#done / this.#size) / passes;
    return PROGRESS + Math.min(PARTS - 1, Math.floor(done * PARTS));
  }

  /**
   * Makes the passes, each of which is on stable storage before the next begins, while commands get
   * `sense`. `finished` hears 0 or -errno; `sense` stays until then and is NO_SENSE after it.
   */
  begin(sense: number, passes: readonly Pass[], finished: (result: number) => void): void {
    this.sense = sense;
    this.#passes = passes;
    this.#passesDone = 0;
    this.#finished = finished;
    this.#request = this.#disk.takeRequest();
    this.#beginPass();
  }

  get #size(): number {
    return this.#disk.capacity * this.#disk.blockSize;
  }

  #beginPass(): void {
    const request = this.#request!;
    this.#done = 0;
    const block = this.#passes[this.#passesDone]?.block;
    if (block !== undefined) {
      const length = Math.min(PATTERN, this.#size);
      request.memory ??= this.#disk.memory.take(length);
      for (let at = 0; at < length; at += block.length) request.memory.bytes.set(block, at);
      request.iov.clear();
      request.iov.push(request.memory.address, length);
    }
    this.#step();
  }

  /** A store may be done at once: then the steps follow one another here, not on the stack. */
  #step(): void {
    if (this.#inStep) {
      this.#stepAgain = true;
      return;
    }
    this.#inStep = true;
    do {
      this.#stepAgain = false;
      this.#startPiece(this.#request!);
    } while (this.#stepAgain);
    this.#inStep = false;
  }

  #startPiece(request: DiskRequest): void {
    const pass = this.#passes[this.#passesDone];
    if (pass === undefined || this.#done === this.#size) {
      return request.start(IoOperation.SYNC, 0, 0, (synced) => this.#endPass(synced));
    }
    const most = pass.operation === IoOperation.FILL ? FILL_MOST : RANGE_MOST;
    const { blockSize } = this.#disk;
    const part = Math.ceil(this.#size / PARTS / blockSize) * blockSize;
    const length = Math.min(Math.max(most, part), this.#size - this.#done);
    request.start(pass.operation, this.#done, length, (finished) => {
      this.#done += length;
      if (finished.result < 0) this.#end(finished.result);
      else this.#step();
    });
  }

  #endPass({ result }: DiskRequest): void {
    this.#passesDone++;
    if (result < 0 || this.#passesDone >= this.#passes.length) return this.#end(result);
    this.#beginPass();
  }

  #end(result: number): void {
    this.#disk.giveRequest(this.#request!);
    this.#request = undefined;
    this.sense = Sense.NO_SENSE;
    this.#finished(result);
  }
}
