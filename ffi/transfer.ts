/** Transfers from and to open files, and their way to stable storage. Every call gives what C returns, or -errno. */
import { Errno } from "./errno.ts";
import type { IoVector } from "./iovec.ts";
import { check, libc, linux, setWord, words } from "./libc.ts";
import { PORTABLE } from "./platform.ts";

const RWF_DSYNC = 0x2;
const RWF_NOWAIT = 0x8;
const POSIX_FADV_WILLNEED = 3;

/** Reads into the first piece of `iov` at `offset`; may sleep. */
export function pread(fd: number, iov: IoVector, offset: number): number {
  iov.putFirst();
  setWord(2, offset);
  return check(libc.pread(fd, words[0]!, words[1]!, words[2]!));
}

/** Writes the first piece of `iov` at `offset`; may sleep. */
export function pwrite(fd: number, iov: IoVector, offset: number): number {
  iov.putFirst();
  setWord(2, offset);
  return check(libc.pwrite(fd, words[0]!, words[1]!, words[2]!));
}

/** Reads at `offset` into the pieces at `iov`; may sleep. */
export function preadv(fd: number, iov: number, count: number, offset: number): number {
  setWord(0, iov);
  setWord(1, offset);
  return check(libc.preadv(fd, words[0]!, count, words[1]!));
}

/** Writes the pieces at `iov` at `offset`; may sleep. */
export function pwritev(fd: number, iov: number, count: number, offset: number): number {
  setWord(0, iov);
  setWord(1, offset);
  return check(libc.pwritev(fd, words[0]!, count, words[1]!));
}

/** Reads what is in memory already: -EAGAIN where it would sleep, -EOPNOTSUPP where that cannot be told. */
export function preadvNoWait(fd: number, iov: number, count: number, offset: number): number {
  if (linux === undefined) return -Errno.EOPNOTSUPP;
  setWord(0, iov);
  setWord(1, offset);
  return check(linux.preadv2(fd, words[0]!, count, words[1]!, RWF_NOWAIT));
}

/**
 * Says that so many bytes at `offset` will be read soon: the system begins to read them where it can.
 * It need not, so that it does not matter what it says.
 */
export function readAhead(fd: number, offset: number, length: number): void {
  setWord(0, offset);
  setWord(1, length);
  libc.posix_fadvise(fd, words[0]!, words[1]!, POSIX_FADV_WILLNEED);
}

/** Writes what can be taken without sleeping: errors as for preadvNoWait(). */
export function pwritevNoWait(fd: number, iov: number, count: number, offset: number): number {
  if (linux === undefined) return -Errno.EOPNOTSUPP;
  setWord(0, iov);
  setWord(1, offset);
  return check(linux.pwritev2(fd, words[0]!, count, words[1]!, RWF_NOWAIT));
}

/** There is no room for the data of a write. */
const NO_ROOM: readonly number[] = [Errno.ENOSPC, Errno.EDQUOT, Errno.EFBIG];

/** Whether an error of a write says that there was no room for it. */
export function isNoRoom(errno: number): boolean {
  return NO_ROOM.includes(errno);
}

/** Whether an error of pwritevDurable() says that the write was refused, and nothing worse. */
export function isRefusal(errno: number): boolean {
  return isNoRoom(errno) || errno === Errno.EROFS || errno === Errno.EPERM;
}

/**
 * Writes and returns when the data is on stable storage; may sleep. The error of a flush may belong
 * to blocks that were written long before, and the system tells it once: "no room" is only returned
 * when the write itself found none, and -EIO when it was the flush.
 */
export function pwritevDurable(fd: number, iov: number, count: number, offset: number): number {
  if (linux === undefined || PORTABLE) {
    const written = pwritev(fd, iov, count, offset);
    if (written < 0) return written;
    return syncData(fd) < 0 ? -Errno.EIO : written;
  }
  setWord(0, iov);
  setWord(1, offset);
  const written = check(linux.pwritev2(fd, words[0]!, count, words[1]!, RWF_DSYNC));
  if (!NO_ROOM.includes(-written)) return written;
  const again = pwritev(fd, iov, count, offset);
  return again < 0 ? again : -Errno.EIO;
}

/** fdatasync(2): brings all data of the file to stable storage; may sleep. */
export function syncData(fd: number): number {
  return check(libc.fdatasync(fd));
}
