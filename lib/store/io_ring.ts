/**
 * The memory that the data isolate shares with the I/O workers: a queue of batches of slots that any
 * worker claims from, and a queue of finished slots that the data isolate reads. No lock: one producer
 * on the first, one consumer on the second.
 */

/** Requests that a worker is given at one time, at most. */
export const BATCH_MOST = 16;

/** Workers at most. */
export const WORKERS_MOST = 32;

/** Requests that can be with the workers at one time: a power of two. */
export const SLOTS = WORKERS_MOST * BATCH_MOST;
const MASK = SLOTS - 1;

/** What stands where a slot could: there is none. */
export const NO_SLOT = -1;

// Control words (Int32)
const SUBMITTED = 0; // count of batches queued, written by the data isolate
const CLAIMED = 1; // count of batches taken, raced for by the workers
const FINISHED = 2; // count of places taken in the finished queue
const PRESENT = 3; // workers that are there
const EXPECTED = 4; // and those on their way
const QUEUE = 16;
const FINISHED_QUEUE = QUEUE + SLOTS; // slot + 1, or 0
const CONTROL_WORDS = FINISHED_QUEUE + SLOTS;

// Fields of a slot (Float64)
const OPERATION = 0;
const FD = 1;
const IOV = 2;
const COUNT = 3;
const OFFSET = 4;
const LENGTH = 5;
const RESULT = 6;
const SLEPT = 7;
const ALIGNMENT = 8;
const NEXT = 9;
const FIELDS = 10;

const CONTROL_BYTES = CONTROL_WORDS * 4;

/** Makes the memory of a ring. */
export function createRingMemory(): SharedArrayBuffer {
  return new SharedArrayBuffer(CONTROL_BYTES + SLOTS * FIELDS * 8);
}

export class IoRing {
  #control: Int32Array;
  #slots: Float64Array;
  #drained = 0;

  constructor(memory: SharedArrayBuffer) {
    this.#control = new Int32Array(memory, 0, CONTROL_WORDS);
    this.#slots = new Float64Array(memory, CONTROL_BYTES);
  }

  /** Data isolate: fills a free slot, which is a batch of its own as long as nothing is put behind it. */
  fill(
    slot: number,
    operation: number,
    fd: number,
    iov: number,
    count: number,
    offset: number,
    length: number,
    alignment = 1,
  ): void {
    const at = slot * FIELDS;
    this.#slots[at + ALIGNMENT] = alignment;
    this.#slots[at + OPERATION] = operation;
    this.#slots[at + FD] = fd;
    this.#slots[at + IOV] = iov;
    this.#slots[at + COUNT] = count;
    this.#slots[at + OFFSET] = offset;
    this.#slots[at + LENGTH] = length;
    this.#slots[at + NEXT] = NO_SLOT;
  }

  /** Data isolate: puts a slot behind another one in its batch. */
  link(slot: number, next: number): void {
    this.#slots[slot * FIELDS + NEXT] = next;
  }

  /** Data isolate: hands the batch that begins with a slot to the workers. */
  submit(slot: number): void {
    const submitted = Atomics.load(this.#control, SUBMITTED);
    Atomics.store(this.#control, QUEUE + (submitted & MASK), slot);
    Atomics.store(this.#control, SUBMITTED, submitted + 1);
    Atomics.notify(this.#control, SUBMITTED, 1);
  }

  /** Workers that are there. */
  get workers(): number {
    return Atomics.load(this.#control, PRESENT);
  }

  /** Workers that are there, or on their way. */
  get expected(): number {
    return Atomics.load(this.#control, EXPECTED);
  }

  /** One more worker is on its way. */
  expectWorker(): void {
    Atomics.add(this.#control, EXPECTED, 1);
  }

  /** Worker: is there. */
  arrive(): void {
    Atomics.add(this.#control, PRESENT, 1);
  }

  /** Worker: takes leave if more than `least` are there; false when it has to stay. */
  leave(least: number): boolean {
    const workers = this.workers;
    if (workers <= least) return false;
    if (Atomics.compareExchange(this.#control, PRESENT, workers, workers - 1) !== workers) {
      return false;
    }
    // A batch may have been queued for this very worker; if not, the data isolate sees that it left.
    if (Atomics.load(this.#control, CLAIMED) !== Atomics.load(this.#control, SUBMITTED)) {
      this.arrive();
      return false;
    }
    Atomics.sub(this.#control, EXPECTED, 1);
    return true;
  }

  /** Data isolate: takes a finished slot, or NO_SLOT. */
  takeFinished(): number {
    const at = FINISHED_QUEUE + (this.#drained & MASK);
    const slot = Atomics.exchange(this.#control, at, 0) - 1;
    if (slot >= 0) this.#drained++;
    return slot;
  }

  /**
   * Worker: waits for a batch and claims it; its first slot, or NO_SLOT when there was none for
   * `patience` milliseconds.
   */
  claim(patience: number): number {
    for (;;) {
      const claimed = Atomics.load(this.#control, CLAIMED);
      const submitted = Atomics.load(this.#control, SUBMITTED);
      if (claimed === submitted) {
        const woken = Atomics.wait(this.#control, SUBMITTED, submitted, patience);
        if (woken === "timed-out") return NO_SLOT;
        continue;
      }
      const slot = Atomics.load(this.#control, QUEUE + (claimed & MASK));
      if (Atomics.compareExchange(this.#control, CLAIMED, claimed, claimed + 1) === claimed) {
        return slot;
      }
    }
  }

  /** Worker: notes the result of a slot that is not finished. */
  note(slot: number, result: number): void {
    this.#slots[slot * FIELDS + RESULT] = result;
  }

  /** Worker: reports the result of a slot, and the microseconds that it took if its call slept, else 0. */
  finish(slot: number, result: number, slept: number): void {
    this.#slots[slot * FIELDS + RESULT] = result;
    this.#slots[slot * FIELDS + SLEPT] = slept;
    const place = Atomics.add(this.#control, FINISHED, 1) & MASK;
    Atomics.store(this.#control, FINISHED_QUEUE + place, slot + 1);
  }

  /** The next slot of the batch, or NO_SLOT; ask before the slot is finished. */
  next(slot: number): number {
    return this.#slots[slot * FIELDS + NEXT]!;
  }

  operation(slot: number): number {
    return this.#slots[slot * FIELDS + OPERATION]!;
  }

  fd(slot: number): number {
    return this.#slots[slot * FIELDS + FD]!;
  }

  iov(slot: number): number {
    return this.#slots[slot * FIELDS + IOV]!;
  }

  count(slot: number): number {
    return this.#slots[slot * FIELDS + COUNT]!;
  }

  offset(slot: number): number {
    return this.#slots[slot * FIELDS + OFFSET]!;
  }

  length(slot: number): number {
    return this.#slots[slot * FIELDS + LENGTH]!;
  }

  alignment(slot: number): number {
    return this.#slots[slot * FIELDS + ALIGNMENT]!;
  }

  slept(slot: number): number {
    return this.#slots[slot * FIELDS + SLEPT]!;
  }

  result(slot: number): number {
    return this.#slots[slot * FIELDS + RESULT]!;
  }
}
