/** A store behind a file descriptor. How it avoids to sleep is decided once, by what the system can tell. */
import { Errno } from "../../ffi/errno.ts";
import { closeFile } from "../../ffi/file.ts";
import { isInMemory } from "../../ffi/file_facts.ts";
import { pread, preadv, preadvNoWait, pwrite, pwritev, pwritevNoWait } from "../../ffi/transfer.ts";
import type { IoVector } from "../../ffi/iovec.ts";
import { Memory } from "../../ffi/memory.ts";
import { PORTABLE } from "../../ffi/platform.ts";
import { WritebackWatch } from "../../ffi/writeback.ts";
import { IoLane } from "./io_lane.ts";
import type { IoPool } from "./io_pool.ts";
import { IoOperation, type IoRequest } from "./io_request.ts";
import type { Store } from "./store.ts";
import { WriteOrder } from "./write_order.ts";

/** What is known of a descriptor when it becomes a store. */
export interface FdTraits {
  /** Where it was opened; undefined for what has no name. */
  readonly filename: string | undefined;
  /** Bytes that are used. */
  readonly size: number;
  readonly physicalBlockSize: number;
  /** As Store.physicalOffset says. */
  readonly physicalOffset?: number;
  readonly identity: string | undefined;
  /** Bytes of which transfers have to be multiples where it is open past the page cache; else 1. */
  readonly alignment: number;
  /** Whether it can tell what space it takes, and what is left. */
  readonly countsSpace: boolean;
  /** As Store.forgets says. */
  readonly forgets?: boolean;
  /** Whether the system writes back what is written, at a time of its own. */
  readonly writesBack?: boolean;
}

const Policy = {
  /** Ask the system not to sleep (RWF_NOWAIT). */
  NO_WAIT: 0,
  /** Nothing sleeps here: memory. */
  INLINE: 1,
  /** Anything may sleep: leave it to the workers. */
  WORKERS: 2,
} as const;

type PolicyNumber = typeof Policy[keyof typeof Policy];

export class FdStore implements Store {
  readonly size: number;
  readonly physicalBlockSize: number;
  readonly physicalOffset: number;
  readonly countsSpace: boolean;
  readonly forgets: boolean;
  readonly identity: string | undefined;
  #fd: number;
  #path: Memory | undefined;
  #writeback: WritebackWatch | undefined;
  #alignment: number;
  #order: WriteOrder | undefined;
  #pool: IoPool;
  #lane = new IoLane();
  #inMemory: boolean;
  #readPolicy: PolicyNumber;
  #writePolicy: PolicyNumber;

  /** Takes over `fd`. */
  constructor(fd: number, traits: FdTraits, pool: IoPool) {
    this.#fd = fd;
    this.size = traits.size;
    this.physicalBlockSize = traits.physicalBlockSize;
    this.physicalOffset = traits.physicalOffset ?? 0;
    this.forgets = traits.forgets ?? false;
    this.identity = traits.identity;
    this.#alignment = traits.alignment;
    this.#path = traits.filename === undefined ? undefined : memoryOf(traits.filename);
    this.countsSpace = traits.countsSpace;
    this.#pool = pool;
    this.#inMemory = isInMemory(fd);
    const writesBack = traits.writesBack === true && !this.#inMemory;
    this.#writeback = writesBack ? WritebackWatch.of(fd) : undefined;
    const isDirect = traits.alignment > 1;
    if (isDirect) this.#order = new WriteOrder(traits.alignment, (request) => this.#start(request));
    const policy = isDirect
      ? Policy.WORKERS
      : PORTABLE || this.#inMemory
      ? this.#withoutNoWait()
      : Policy.NO_WAIT;
    this.#readPolicy = policy;
    this.#writePolicy = policy;
    this.#lane.gathers = policy === Policy.NO_WAIT;
  }

  readNow(iov: IoVector, offset: number, _length: number): number {
    switch (this.#readPolicy) {
      case Policy.INLINE:
        // A call without a list of pieces saves the system the copy and the check of that list.
        if (iov.count === 1) return pread(this.#fd, iov, offset);
        return preadv(this.#fd, iov.address, iov.count, offset);
      case Policy.WORKERS:
        return -Errno.EAGAIN;
    }
    const result = preadvNoWait(this.#fd, iov.address, iov.count, offset);
    if (result === -Errno.EOPNOTSUPP) {
      this.#readPolicy = this.#withoutNoWait();
      this.#lane.gathers = false;
    }
    return result;
  }

  writeNow(iov: IoVector, offset: number, _length: number): number {
    switch (this.#writePolicy) {
      case Policy.INLINE:
        if (iov.count === 1) return pwrite(this.#fd, iov, offset);
        return pwritev(this.#fd, iov.address, iov.count, offset);
      case Policy.WORKERS:
        return -Errno.EAGAIN;
    }
    const result = pwritevNoWait(this.#fd, iov.address, iov.count, offset);
    if (result === -Errno.EOPNOTSUPP) this.#writePolicy = this.#withoutNoWait();
    return result;
  }

  submit(request: IoRequest): void {
    switch (request.operation) {
      case IoOperation.WRITEBACK:
        request.result = this.#writeback?.take() ?? 0;
        return request.finished(request);
      case IoOperation.STANDING:
        this.#addPath(request);
    }
    if (this.#order === undefined) this.#start(request);
    else this.#order.submit(request);
  }

  close(): void {
    this.#writeback?.close();
    closeFile(this.#fd);
  }

  #addPath({ iov }: IoRequest): void {
    iov.clear();
    if (this.#path !== undefined) iov.push(this.#path.address, this.#path.length);
  }

  #start(request: IoRequest): void {
    request.fd = this.#fd;
    request.alignment = this.#alignment;
    this.#pool.submit(request, this.#lane);
  }

  #withoutNoWait(): PolicyNumber {
    return this.#inMemory ? Policy.INLINE : Policy.WORKERS;
  }
}

/** A path in memory that the workers can read. */
function memoryOf(path: string): Memory {
  const bytes = new TextEncoder().encode(path);
  const memory = new Memory(bytes.length);
  memory.bytes.set(bytes);
  return memory;
}
