/** A store operation that may sleep. */
import { IoVector } from "../../ffi/iovec.ts";
import type { Memory } from "../../ffi/memory.ts";

export const IoOperation = {
  READ: 1,
  WRITE: 2,
  /** A write that is on stable storage when it is done. */
  WRITE_DURABLE: 3,
  /** Brings everything written before to stable storage. */
  SYNC: 4,
  /** Gives the space of a range back; it reads as zeros. */
  PUNCH: 5,
  /** Makes a range read as zeros. */
  ZERO: 6,
  /** Replaces a small file: `offset` bytes of its path, then its content. */
  REPLACE: 7,
  /** Writes the one piece of `iov` over and over, until the range is full. */
  FILL: 8,
  /** Finds the first byte from `offset` on that was written; the result is its place or -ENXIO. */
  FIND_DATA: 9,
  /** Finds the first byte from `offset` on that takes no space; the end counts as one. */
  FIND_HOLE: 10,
  /** Finds out how many bytes of its file system the store takes. */
  SPACE_USED: 11,
  /** Finds out how many bytes are left there. */
  SPACE_LEFT: 12,
  /** Removes a file: `length` bytes of its path. */
  REMOVE: 13,
  /** Finds out how many bytes the store has. */
  SIZE: 14,
  /** Finds out what has become of the file and its path: a Standing. */
  STANDING: 15,
  /** Gives the space of a range back to a store that forgets (Store.forgets); it reads as anything. */
  DISCARD: 16,
  /**
   * Finds out, without a flush, whether the system has failed to write back what was written: 0, or -errno
   * once. 0 is told as well where nobody can know.
   */
  WRITEBACK: 17,
} as const;

const names = new Map<number, string>(
  Object.entries(IoOperation).map(([name, operation]) => [operation, name]),
);

/** The name of an operation for a log line. */
export function nameOfOperation(operation: number): string {
  return names.get(operation) ?? String(operation);
}

/** Whether an operation changes blocks of the store. */
export function changesBlocks(operation: number): boolean {
  switch (operation) {
    case IoOperation.WRITE:
    case IoOperation.WRITE_DURABLE:
    case IoOperation.PUNCH:
    case IoOperation.DISCARD:
    case IoOperation.ZERO:
    case IoOperation.FILL:
      return true;
    default:
      return false;
  }
}

/** Whether an operation moves bytes between the store and the memory of the request. */
export function isTransfer(operation: number): boolean {
  return operation <= IoOperation.WRITE_DURABLE;
}

/** Whether an operation is about `length` bytes at `offset` of the store. */
export function isAboutBlocks(operation: number): boolean {
  return operation === IoOperation.READ || changesBlocks(operation);
}

/** Whether an operation only looks what has become of the store: nobody waits for that. */
export function isLook(operation: number): boolean {
  return operation === IoOperation.SIZE || operation === IoOperation.STANDING;
}

/** Whether an operation is about a file by its path: it takes `memory` as it is, and no vector. */
export function isAboutPath(operation: number): boolean {
  return operation === IoOperation.REPLACE || operation === IoOperation.REMOVE;
}

/**
 * One operation: what to do, the memory it works on (which it owns until it is finished), and who is
 * told. Requests are used again and again.
 */
export class IoRequest {
  operation = 0;
  /** Set by the store. */
  fd = -1;
  /** Set by the store: bytes of which transfers past the page cache are multiples; 1 is through it. */
  alignment = 1;
  offset = 0;
  length = 0;
  readonly iov = new IoVector();
  /** The owner of what `iov` points to. */
  memory: Memory | undefined = undefined;
  /** Bytes transferred already, while the rest is under way. */
  done = 0;
  /** When finished: 0 (or what was found) or -errno. */
  result = 0;
  finished: (request: IoRequest) => void = () => {};
  /** Who is told in truth, while the store wants to hear of the end first. */
  finishedAfter: (request: IoRequest) => void = () => {};

  /** Whose it is, where requests of several wait for their turns; it does not change while it waits. */
  get source(): object | undefined {
    return undefined;
  }
}
