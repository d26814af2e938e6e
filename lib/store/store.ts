/** Where blocks live: what the virtual disk asks of a backing store. */
import type { IoVector } from "../../ffi/iovec.ts";
import type { IoRequest } from "./io_request.ts";

/** Why a store cannot be opened, as one sentence for the operator. */
export class StoreError extends Error {
  override name = "StoreError";
}

export interface Store {
  /** Bytes that can be addressed. */
  readonly size: number;
  /** Bytes that the medium writes at once; a hint for alignment. */
  readonly physicalBlockSize: number;
  /** Where on the store the first of these begins, if that is not its beginning, as in some partitions. */
  readonly physicalOffset?: number;
  /** Whether it can tell what space it takes, and what is left. */
  readonly countsSpace: boolean;
  /** Whether it gives space back by DISCARD, after which blocks read as anything; else by PUNCH, as zeros. */
  readonly forgets?: boolean;
  /** Tells what is kept here from what is kept elsewhere, after a restart too; undefined if nothing is. */
  readonly identity: string | undefined;

  /**
   * Reads `length` bytes at `offset` into the pieces of `iov` if that needs no sleep. Returns the
   * bytes that were read, or -errno; anything but `length` means: submit it.
   */
  readNow(iov: IoVector, offset: number, length: number): number;

  /** Writes as readNow() reads. What was written of a shorter transfer is written again by submit(). */
  writeNow(iov: IoVector, offset: number, length: number): number;

  /**
   * Starts what may sleep. `request.finished` is called when it is done, now or later, always on
   * this isolate. Until then the request and its memory belong to the store.
   */
  submit(request: IoRequest): void;

  close(): void;
}
