/** What only block devices have: their blocks, and means of their own to give space back. */
import { Errno } from "./errno.ts";
import { check, libc, linux } from "./libc.ts";
import { Memory } from "./memory.ts";
import { PORTABLE, SYSTEM } from "./platform.ts";
import { readSystemFile } from "./system_file.ts";

/** How a device gives space back. */
export const Deallocation = {
  /** Not at all. */
  NONE: 0,
  /** It is told that blocks are not needed any more; what they read as then it does not say. */
  DISCARDS: 1,
  /** It makes zeros of blocks without writing them. */
  ZEROES: 2,
} as const;

/** Sizes of the blocks of a device in bytes; 512 where the system does not say. */
export function blockSizesOf(fd: number): { logical: number; physical: number } {
  const BLKSSZGET = 0x1268;
  const BLKPBSZGET = 0x127b;
  const [logical = 512, physical = 512] = [ask(fd, BLKSSZGET), ask(fd, BLKPBSZGET)];
  return { logical, physical };
}

/** Bytes in front of the first physical block of a device; 0 where the system does not say, or cannot. */
export function physicalOffsetOf(fd: number): number {
  const BLKALIGNOFF = 0x127a;
  const MISALIGNED = 0xffffffff; // -1
  const offset = ask(fd, BLKALIGNOFF) ?? 0;
  return offset === MISALIGNED ? 0 : offset;
}

/** Whether nobody can write to a block device, though it can be opened for that. */
export function isReadOnlyDevice(fd: number): boolean {
  const BLKROGET = 0x125e;
  return ask(fd, BLKROGET) === 1;
}

/** What an ioctl of Linux tells of a block device, a number; undefined where there is none. */
function ask(fd: number, request: number): number | undefined {
  if (SYSTEM !== "linux") return undefined;
  const cell = new Memory(64);
  return libc.ioctl(fd, request, cell.address) === 0 ? cell.view.getUint32(0, true) : undefined;
}

/** How a block device gives space back, as the limits of its queue say: a Deallocation. */
export function deallocationOf(fd: number): number {
  if (PORTABLE) return Deallocation.NONE;
  if (limitOf(fd, "write_zeroes_max_bytes") > 0) return Deallocation.ZEROES;
  return limitOf(fd, "discard_max_bytes") > 0 ? Deallocation.DISCARDS : Deallocation.NONE;
}

/** A limit of the queue of a device, or of the device that a partition is of; 0 where none is told. */
function limitOf(fd: number, name: string): number {
  const view = new DataView(new ArrayBuffer(256));
  const AT_EMPTY_PATH = 0x1000;
  const bytes = new Uint8Array(view.buffer);
  if (linux?.statx(fd, new Uint8Array(1), AT_EMPTY_PATH, 0, bytes) !== 0) return 0;
  const number = `${view.getUint32(128, true)}:${view.getUint32(132, true)}`; // stx_rdev
  // A partition has no queue of its own, and a container perhaps no /sys.
  for (const device of [number, `${number}/..`]) {
    const limit = readSystemFile(`/sys/dev/block/${device}/queue/${name}`);
    if (typeof limit === "string") return Number(limit);
  }
  return 0;
}

/** Tells a block device that a range is not needed any more (BLKDISCARD); may sleep. */
export function discardRange(fd: number, offset: number, length: number): number {
  if (PORTABLE) return -Errno.EOPNOTSUPP;
  const BLKDISCARD = 0x1277;
  const range = new Memory(16);
  range.view.setBigUint64(0, BigInt(offset), true);
  range.view.setBigUint64(8, BigInt(length), true);
  return check(libc.ioctl(fd, BLKDISCARD, range.address));
}
