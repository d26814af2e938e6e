/** Regular files and block devices as stores. */
import {
  blockSizesOf,
  Deallocation,
  deallocationOf,
  isReadOnlyDevice,
  physicalOffsetOf,
} from "../../ffi/block_device.ts";
import { directAlignment } from "../../ffi/direct_io.ts";
import { describeErrno, Errno } from "../../ffi/errno.ts";
import { closeFile, openBacking } from "../../ffi/file.ts";
import { type FileKind, identityOfFile, kindOfFile, sizeOfFile } from "../../ffi/file_facts.ts";
import { canPunch } from "../../ffi/file_range.ts";
import { claimFile } from "../../ffi/file_claim.ts";
import { FdStore } from "./fd_store.ts";
import type { IoPool } from "./io_pool.ts";
import { type Store, StoreError } from "./store.ts";

/** What to open and what it must be like. */
export interface FileOptions {
  readonly filename: string;
  readonly blocksize: number;
  /** Bytes to use; the whole when undefined. */
  readonly size: number | undefined;
  readonly readOnly: boolean;
  /** Whether to go past the page cache (O_DIRECT). */
  readonly direct?: boolean;
  /** Whether initiators give space back. */
  readonly thin?: boolean;
  /** Takes a sentence for the operator about what is not as it should be, though it can be used. */
  readonly warn?: (sentence: string) => void;
}

/** File systems write pages; a smaller write reads the page first. */
const PAGE = 4096;

/** Opens the backing file of vdisk_fileio: a regular file or a block device. */
export function openFileStore(options: FileOptions, pool: IoPool): Store {
  return openStore(options, ["file", "block"], pool);
}

/** Opens the block device of vdisk_blockio, past the page cache as SCST does. */
export function openBlockStore(options: FileOptions, pool: IoPool): Store {
  return openStore({ ...options, direct: true }, ["block"], pool);
}

const KIND_TEXT: Record<FileKind, string> = {
  file: "a regular file",
  block: "a block device",
  character: "a character device",
  directory: "a directory",
  other: "neither file nor device",
};

function openStore(options: FileOptions, kinds: readonly FileKind[], pool: IoPool): Store {
  const { filename, readOnly, direct = false } = options;
  const fd = open(options, kinds);
  try {
    const kind = checkKind(fd, filename, kinds);
    const isDevice = kind === "block";
    if (isDevice && !readOnly && isReadOnlyDevice(fd)) {
      throw new StoreError(`${cannotOpen(options)}: it is a read-only device, set read_only`);
    }
    claim(fd, options);
    const alignment = direct ? directAlignment(fd, isDevice) : 1;
    if (alignment < 0) refuseDirect(filename, -alignment);
    const size = usableSize(options, sizeOfFile(fd), alignment);
    const physical = isDevice ? blockSizesOf(fd).physical : PAGE;
    const physicalBlockSize = Math.max(physical, alignment);
    const identity = identityOf(fd, kind, filename);
    const countsSpace = !isDevice;
    const forgets = isDevice && options.thin === true && forgetsBlocks(fd, options);
    if (!isDevice && options.thin === true && !readOnly && !canPunch(fd)) warnOfZeros(options);
    const physicalOffset = isDevice ? physicalOffsetOf(fd) : 0;
    const hints = { physicalBlockSize, physicalOffset, countsSpace, forgets };
    const writesBack = !readOnly && alignment === 1;
    return new FdStore(fd, { filename, size, identity, alignment, writesBack, ...hints }, pool);
  } catch (error) {
    closeFile(fd);
    throw error;
  }
}

/** Opens what is there; a descriptor. */
function open(options: FileOptions, kinds: readonly FileKind[]): number {
  const { filename, readOnly, direct = false } = options;
  const fd = openBacking(filename, !readOnly, direct);
  if (fd >= 0) return fd;
  if (fd === -Errno.EBUSY) {
    throw new StoreError(
      `${cannotOpen(options)}: it is mounted, or another program has it (EBUSY)`,
    );
  }
  if (!direct || fd !== -Errno.EINVAL) {
    throw new StoreError(`${cannotOpen(options)}: ${describeErrno(-fd)}`);
  }
  // It may be something else altogether, which is to be said first.
  const plain = openBacking(filename, !readOnly, false);
  try {
    if (plain >= 0) checkKind(plain, filename, kinds);
  } finally {
    closeFile(plain);
  }
  return refuseDirect(filename, -fd);
}

function cannotOpen({ filename, readOnly }: FileOptions): string {
  return `Cannot open '${filename}' ${readOnly ? "for reading" : "for reading and writing"}`;
}

function refuseDirect(filename: string, errno: number): never {
  const why = "its file system does not let anybody past the page cache (O_DIRECT)";
  throw new StoreError(`Cannot use '${filename}': ${why}: ${describeErrno(errno)}`);
}

function checkKind(fd: number, filename: string, kinds: readonly FileKind[]): FileKind {
  const kind = kindOfFile(fd);
  if (kinds.includes(kind)) return kind;
  const wanted = kinds.map((allowed) => KIND_TEXT[allowed]).join(" or ");
  throw new StoreError(`Cannot use '${filename}': it is ${KIND_TEXT[kind]}, not ${wanted}`);
}

/** Sees to it that nobody else writes to it and, if it is to be written to, that nobody else uses it. */
function claim(fd: number, options: FileOptions): void {
  const claimed = claimFile(fd, !options.readOnly);
  if (claimed === 0) return;
  if (claimed === -Errno.EBUSY) {
    const who = options.readOnly ? "writes to it" : "uses it";
    const others = `another device, server or program (QEMU) ${who}`;
    throw new StoreError(`${cannotOpen(options)}: ${others}, and what has a writer has one user`);
  }
  const why = `its file system has no locks: ${describeErrno(-claimed)}`;
  options.warn?.(`Nothing keeps others from writing to '${options.filename}': ${why}`);
}

/** Whether a device gives space back, but does not make zeros of it. */
function forgetsBlocks(fd: number, options: FileOptions): boolean {
  const means = deallocationOf(fd);
  if (means === Deallocation.NONE && !options.readOnly) warnOfZeros(options);
  return means === Deallocation.DISCARDS;
}

function warnOfZeros({ filename, warn }: FileOptions): void {
  warn?.(`'${filename}' cannot give space back: what initiators unmap is filled with zeros`);
}

/** A file is the same one under another name. A device has nothing but its name, and its size. */
function identityOf(fd: number, kind: FileKind, filename: string): string {
  const identity = kind === "file" ? identityOfFile(fd) : undefined;
  return identity === undefined ? `device ${sizeOfFile(fd)} ${filename}` : `file ${identity}`;
}

/** Checks the size of the backing store against what is asked of it; bytes. */
function usableSize(options: FileOptions, actual: number, alignment: number): number {
  const { filename, blocksize } = options;
  if (actual < 0) {
    throw new StoreError(`Cannot tell the size of '${filename}': ${describeErrno(-actual)}`);
  }
  const usable = actual - actual % alignment;
  if (options.size !== undefined) {
    if (options.size > usable) {
      throw new StoreError(
        `Cannot export ${options.size} bytes of '${filename}': it is too small, it has ${usable} bytes`,
      );
    }
    return options.size;
  }
  if (actual < blocksize) {
    throw new StoreError(
      `Cannot use '${filename}': it is too small, it has ${actual} bytes and one block has ${blocksize}`,
    );
  }
  const unit = Math.max(blocksize, alignment);
  if (actual % unit !== 0) {
    const what = unit === blocksize ? "the block size" : "what O_DIRECT takes there,";
    throw new StoreError(
      `Cannot use '${filename}': its size of ${actual} bytes is not a multiple of ${what} ${unit}`,
    );
  }
  return actual;
}
