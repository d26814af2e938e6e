/**
 * What became of data that the system writes back by itself. It keeps the last error of each file, and
 * tells it once to every description of the file that was open then: by fsync(2) and its like, which
 * write as well, and by sync_file_range(2), which on Linux (since 4.14) tells of the whole file, whatever
 * range it is to wait for. FreeBSD has nothing of the kind.
 */
import { Errno } from "./errno.ts";
import { closeFile, openFile } from "./file.ts";
import { check, linux } from "./libc.ts";
import { PORTABLE } from "./platform.ts";

const SYNC_FILE_RANGE_WAIT_BEFORE = 1;

/** A page behind all that a file can hold: nothing is ever written back there that had to be waited for. */
const NOWHERE = 2n ** 62n;
const PAGE = 4096;

/** Says that the system cannot tell, and nothing about the file. */
const CANNOT_TELL: readonly number[] = [
  Errno.EBADF,
  Errno.EINVAL,
  Errno.ENOSYS,
  Errno.EOPNOTSUPP,
  Errno.EPERM,
];

/** One who is told of errors beside others: none of them is kept from hearing what this one has heard. */
export class WritebackWatch {
  #fd: number;

  private constructor(fd: number) {
    this.#fd = fd;
  }

  /** Watches an open file from now on; undefined where the system does not tell. */
  static of(fd: number): WritebackWatch | undefined {
    if (linux === undefined || PORTABLE) return undefined;
    // A description of its own, also where nothing is at the path any more that it was opened by.
    const own = openFile(`/proc/self/fd/${fd}`, false);
    return own < 0 ? undefined : new WritebackWatch(own);
  }

  /** What went wrong since this was asked for the last time: -errno, or 0. Does not sleep. */
  take(): number {
    const result = check(
      linux!.sync_file_range(this.#fd, NOWHERE, PAGE, SYNC_FILE_RANGE_WAIT_BEFORE),
    );
    return CANNOT_TELL.includes(-result) ? 0 : result;
  }

  close(): void {
    closeFile(this.#fd);
  }
}
