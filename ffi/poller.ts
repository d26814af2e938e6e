/** Waiting for many descriptors: one interface over epoll (Linux) and poll(2) (everywhere). */

/** What a descriptor is watched for, and what was found, as bits. */
export const READABLE = 1;
export const WRITABLE = 2;
/** Found only: the peer is gone or the descriptor failed. */
export const BROKEN = 4;

/** A set of watched descriptors. Level-triggered: what is not dealt with is found again. */
export interface Poller {
  /** Starts to watch `fd` for `interest`; `token` (0 to 2**31 - 1) comes back with what is found. */
  add(fd: number, token: number, interest: number): void;
  /** Changes what `fd` is watched for. */
  modify(fd: number, token: number, interest: number): void;
  /** Ends the watching; to be called before the descriptor is closed. */
  remove(fd: number): void;
  /** Waits until something is found or `timeout` milliseconds are over; returns how many were found. */
  wait(timeout: number): number;
  /** The token of the `index`th thing found. */
  token(index: number): number;
  /** The bits of the `index`th thing found. */
  found(index: number): number;
  close(): void;
}
