/** A write of many calls, as the system may take less of it than it was given. */
import { Errno } from "./errno.ts";

/**
 * Calls `write` with what is done until `length` bytes are: it returns how many it has written, or
 * -errno. Returns 0 or -errno; -EIO where nothing more is taken, which would go on for ever.
 */
export function writeWhole(length: number, write: (done: number) => number): number {
  for (let done = 0; done < length;) {
    const written = write(done);
    if (written === 0) return -Errno.EIO;
    if (written < 0 && written !== -Errno.EINTR) return written;
    if (written > 0) done += written;
  }
  return 0;
}
