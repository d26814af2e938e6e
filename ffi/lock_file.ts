/** A file that one process at a time holds: the system lets go of it when the process is gone. */
import { Errno } from "./errno.ts";
import { closeFile, cString } from "./file.ts";
import { check, libc } from "./libc.ts";
import { SYSTEM } from "./platform.ts";

const OPEN = {
  linux: { RDWR: 2, CREAT: 0o100, NOFOLLOW: 0o400000, CLOEXEC: 0o2000000 },
  freebsd: { RDWR: 2, CREAT: 0x200, NOFOLLOW: 0x100, CLOEXEC: 0x100000 },
}[SYSTEM];
const LOCK_EX = 2;
const LOCK_NB = 4;

/**
 * Takes the lock of `path`, which is made where there is none and stays when the lock is let go of:
 * removed, two processes could hold two files of that name.
 *
 * @returns a descriptor to close in the end, -EBUSY while another process has the lock, or -errno
 */
export function takeLock(path: string): number {
  const flags = OPEN.RDWR | OPEN.CREAT | OPEN.NOFOLLOW | OPEN.CLOEXEC;
  const fd = check(libc.open(cString(path), flags, 0o600));
  if (fd < 0) return fd;
  const locked = check(libc.flock(fd, LOCK_EX | LOCK_NB));
  if (locked === 0) return fd;
  closeFile(fd);
  return locked === -Errno.EAGAIN ? -Errno.EBUSY : locked;
}
