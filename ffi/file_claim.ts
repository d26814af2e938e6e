/**
 * Claims on the files behind disks. Who writes to a file has it to itself; those who only read share
 * it. The system lets go of a claim when the descriptor is closed, or its process is gone.
 *
 * On Linux they are locks of single bytes by the rules of QEMU (docs/interop and block/file-posix.c
 * there): who uses a file in some way holds a shared lock on one byte for each way, who does not bear
 * that others use it so holds one on another byte, and each looks at the bytes of the others. So
 * QEMU and this program do not write to one image at the same time. Such a lock belongs to the open
 * file description (F_OFD_SETLK), hence it keeps two exports of one process apart as well.
 */
import { Errno } from "./errno.ts";
import { check, libc } from "./libc.ts";
import { Memory } from "./memory.ts";
import { PORTABLE } from "./platform.ts";

const LOCK_SH = 1;
const LOCK_EX = 2;
const LOCK_NB = 4;
const LOCK_UN = 8;

const F_OFD_GETLK = 36;
const F_OFD_SETLK = 37;
const F_RDLCK = 0;
const F_WRLCK = 1;
const F_UNLCK = 2;

/** Ways to use a file, as QEMU numbers them. */
const Use = { READ: 0, WRITE: 1, RESIZE: 3 } as const;

/** The bytes for what is done, and for what others shall not do. */
const DONE = 100;
const NOT_SHARED = 200;

/** What nobody may do to a file that is read or written. */
const UNBEARABLE = [Use.WRITE, Use.RESIZE] as const;

/**
 * Claims an open file. Returns 0, -EBUSY where the claim of somebody else does not go with it, or
 * -errno where the file system has no locks. Of two that come at the same instant both may be refused.
 */
export function claimFile(fd: number, writable: boolean): number {
  const claimed = PORTABLE ? claimWhole(fd, writable) : claimBytes(fd, writable);
  return claimed === -Errno.EAGAIN ? -Errno.EBUSY : claimed;
}

/** Gives a claim up before the file is closed. */
export function disclaimFile(fd: number): number {
  if (PORTABLE) return check(libc.flock(fd, LOCK_UN));
  return new FileLock().set(fd, F_UNLCK, DONE, 2 * (NOT_SHARED - DONE));
}

function claimWhole(fd: number, writable: boolean): number {
  return check(libc.flock(fd, (writable ? LOCK_EX : LOCK_SH) | LOCK_NB));
}

function claimBytes(fd: number, writable: boolean): number {
  const uses = writable ? [Use.READ, Use.WRITE] : [Use.READ];
  const own = [...uses.map((use) => DONE + use), ...UNBEARABLE.map((use) => NOT_SHARED + use)];
  const others = [...uses.map((use) => NOT_SHARED + use), ...UNBEARABLE.map((use) => DONE + use)];
  const lock = new FileLock();
  for (const byte of own) {
    const locked = lock.set(fd, F_RDLCK, byte);
    if (locked < 0) return locked;
  }
  for (const byte of others) {
    const held = lock.isHeld(fd, byte);
    if (held !== 0) return held < 0 ? held : -Errno.EBUSY;
  }
  return 0;
}

/** struct flock of 64-bit Linux: l_type 2, l_whence 2, padding 4, l_start 8, l_len 8, l_pid 4. */
class FileLock {
  #memory = new Memory(32);

  /** Sets a lock of a type on bytes, or takes it away (F_UNLCK). */
  set(fd: number, type: number, byte: number, count = 1): number {
    this.#name(type, byte, count);
    return check(libc.fcntl(fd, F_OFD_SETLK, this.#memory.address));
  }

  /** Whether somebody else has a lock on one byte: 1, 0 or -errno. */
  isHeld(fd: number, byte: number): number {
    this.#name(F_WRLCK, byte, 1);
    const asked = check(libc.fcntl(fd, F_OFD_GETLK, this.#memory.address));
    if (asked < 0) return asked;
    return this.#memory.view.getInt16(0, true) === F_UNLCK ? 0 : 1;
  }

  #name(type: number, byte: number, count: number): void {
    const { bytes, view } = this.#memory;
    bytes.fill(0); // l_whence is SEEK_SET, and l_pid has to be 0
    view.setInt16(0, type, true);
    view.setBigInt64(8, BigInt(byte), true);
    view.setBigInt64(16, BigInt(count), true);
  }
}
