/** The limit of open files, which connections share with everything else that a process has open. */
import { libc } from "./libc.ts";
import { SYSTEM } from "./platform.ts";

const RLIMIT_NOFILE = { linux: 7, freebsd: 8 }[SYSTEM];

// struct rlimit, both systems, 64 bits: rlim_cur 0, rlim_max 8.
const RLIMIT_LENGTH = 16;
const MAX = 8;

/**
 * Raises the limit of open files as far as it goes without privileges. Returns how many may be open
 * then: descriptors are below that number.
 */
export function raiseOpenFiles(): number {
  const limit = new Uint8Array(RLIMIT_LENGTH);
  libc.getrlimit(RLIMIT_NOFILE, limit);
  limit.set(limit.subarray(MAX));
  libc.setrlimit(RLIMIT_NOFILE, limit);
  libc.getrlimit(RLIMIT_NOFILE, limit);
  return Number(new DataView(limit.buffer).getBigUint64(0, true));
}
