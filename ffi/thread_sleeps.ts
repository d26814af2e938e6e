/** How often the calling thread has slept in the system. */
import { check, libc } from "./libc.ts";

const RUSAGE_THREAD = 1;

const usage = new Uint8Array(144); // struct rusage: two of timeval, then 14 of long
const NVCSW = 2 * 16 + 12 * 8;
const switches = new DataView(usage.buffer);

/**
 * Times that this thread has given its processor away to wait for something (ru_nvcsw of getrusage(2)),
 * in their lowest 32 bits. Those when the system took it away do not count: that is what tells a call
 * that slept from one that a busy machine held up.
 */
export function threadSleeps(): number {
  if (check(libc.getrusage(RUSAGE_THREAD, usage)) < 0) return 0;
  return switches.getUint32(NVCSW, true);
}
