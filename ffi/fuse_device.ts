/** /dev/fuse: each read gives a request of the kernel's, each write takes an answer. */
import { cString } from "./file.ts";
import { check, libc } from "./libc.ts";
import { mainLibc } from "./libc_main.ts";
import type { Memory } from "./memory.ts";
import { SYSTEM } from "./platform.ts";

const OPEN = {
  linux: { RDWR: 2, NONBLOCK: 0o4000, CLOEXEC: 0o2000000 },
  freebsd: { RDWR: 2, NONBLOCK: 0x4, CLOEXEC: 0x100000 },
}[SYSTEM];
const F_SETFL = 4;

export const FUSE_DEVICE = "/dev/fuse";

/** Opens the device for one mount, closed on exec; or -errno. */
export function openFuseDevice(): number {
  return check(libc.open(cString(FUSE_DEVICE), OPEN.RDWR | OPEN.CLOEXEC, 0));
}

/** Lets readRequest() return instead of waiting, wherever the descriptor was opened. */
export function setNonBlocking(fd: number): number {
  return check(mainLibc.fcntl(fd, F_SETFL, OPEN.RDWR | OPEN.NONBLOCK));
}

/**
 * Reads one request into `memory`: its length, -EAGAIN when there is none, -ENODEV when there is no
 * mount any more, or -errno. The memory has to take the largest request that was agreed on.
 */
export function readRequest(fd: number, memory: Memory): number {
  return check(libc.read(fd, memory.address, memory.length));
}

/**
 * Writes the answer that lies in the first `length` bytes of `memory`. -ENOENT: nobody waits for it
 * any more; -EINVAL: it is malformed.
 */
export function writeAnswer(fd: number, memory: Memory, length: number): number {
  return check(libc.write(fd, memory.address, length));
}
