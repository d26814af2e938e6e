/** A store behind a file descriptor. How it avoids to sleep is decided once, by what the system can tell. */
import { Errno } from "../../ffi/errno.ts";
import {
  closeFile,
  isInMemory,
  kindOfFile,
  preadv,
  preadvNoWait,
  pwritev,
  pwritevNoWait,
} from "../../ffi/file.ts";
import type { IoVector } from "../../ffi/iovec.ts";
import { PORTABLE } from "../../ffi/platform.ts";
import { IoLane } from "./io_lane.ts";
import type { IoPool } from "./io_pool.ts";
import type { IoRequest } from "./io_request.ts";
import type { Store } from "./store.ts";

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
  readonly countsSpace: boolean;
  readonly identity: string;
  #fd: number;
  #pool: IoPool;
  #lane = new IoLane();
  #inMemory: boolean;
  #readPolicy: PolicyNumber;
  #writePolicy: PolicyNumber;

  /** Takes over `fd`, of which `size` bytes are used. */
  constructor(fd: number, size: number, physicalBlockSize: number, identity: string, pool: IoPool) {
    this.#fd = fd;
    this.size = size;
    this.physicalBlockSize = physicalBlockSize;
    this.identity = identity;
    this.countsSpace = kindOfFile(fd) === "file";
    this.#pool = pool;
    this.#inMemory = isInMemory(fd);
    const policy = PORTABLE || this.#inMemory ? this.#withoutNoWait() : Policy.NO_WAIT;
    this.#readPolicy = policy;
    this.#writePolicy = policy;
  }

  readNow(iov: IoVector, offset: number, _length: number): number {
    switch (this.#readPolicy) {
      case Policy.INLINE:
        return preadv(this.#fd, iov.address, iov.count, offset);
      case Policy.WORKERS:
        return -Errno.EAGAIN;
    }
    const result = preadvNoWait(this.#fd, iov.address, iov.count, offset);
    if (result === -Errno.EOPNOTSUPP) this.#readPolicy = this.#withoutNoWait();
    return result;
  }

  writeNow(iov: IoVector, offset: number, _length: number): number {
    switch (this.#writePolicy) {
      case Policy.INLINE:
        return pwritev(this.#fd, iov.address, iov.count, offset);
      case Policy.WORKERS:
        return -Errno.EAGAIN;
    }
    const result = pwritevNoWait(this.#fd, iov.address, iov.count, offset);
    if (result === -Errno.EOPNOTSUPP) this.#writePolicy = this.#withoutNoWait();
    return result;
  }

  submit(request: IoRequest): void {
    request.fd = this.#fd;
    this.#pool.submit(request, this.#lane);
  }

  close(): void {
    closeFile(this.#fd);
  }

  #withoutNoWait(): PolicyNumber {
    return this.#inMemory ? Policy.INLINE : Policy.WORKERS;
  }
}
