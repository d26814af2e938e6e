/** The clock that systems stamp events with: performance.now() has another beginning. */
import { mainLibc } from "./libc_main.ts";
import { SYSTEM } from "./platform.ts";

const CLOCK_MONOTONIC = { linux: 1, freebsd: 4 }[SYSTEM];

/** CLOCK_MONOTONIC in microseconds (clock_gettime(2)). */
export function monotonicMicroseconds(): bigint {
  const time = new BigInt64Array(2); // struct timespec, 64 bits: tv_sec, tv_nsec
  mainLibc.clock_gettime(CLOCK_MONOTONIC, new Uint8Array(time.buffer));
  return time[0]! * 1_000_000n + time[1]! / 1000n;
}
