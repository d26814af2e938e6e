/** Regular files (and block devices used as such) as stores. */
import { describeErrno } from "../../ffi/errno.ts";
import {
  blockSizesOf,
  closeFile,
  type FileKind,
  identityOfFile,
  kindOfFile,
  openFile,
  sizeOfFile,
} from "../../ffi/file.ts";
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
}

/** File systems write pages; a smaller write reads the page first. */
const PAGE = 4096;

/** Opens the backing file of vdisk_fileio: a regular file or a block device. */
export function openFileStore(options: FileOptions, pool: IoPool): Store {
  return openStore(options, ["file", "block"], pool);
}

/** Opens the block device of vdisk_blockio. */
export function openBlockStore(options: FileOptions, pool: IoPool): Store {
  return openStore(options, ["block"], pool);
}

const KIND_TEXT: Record<FileKind, string> = {
  file: "a regular file",
  block: "a block device",
  character: "a character device",
  directory: "a directory",
  other: "neither file nor device",
};

function openStore(options: FileOptions, kinds: FileKind[], pool: IoPool): Store {
  const { filename, readOnly } = options;
  const fd = openFile(filename, !readOnly);
  if (fd < 0) {
    const purpose = readOnly ? "for reading" : "for reading and writing";
    throw new StoreError(`Cannot open '${filename}' ${purpose}: ${describeErrno(-fd)}`);
  }
  try {
    const kind = kindOfFile(fd);
    if (!kinds.includes(kind)) {
      const wanted = kinds.map((allowed) => KIND_TEXT[allowed]).join(" or ");
      throw new StoreError(`Cannot use '${filename}': it is ${KIND_TEXT[kind]}, not ${wanted}`);
    }
    const size = usableSize(options, sizeOfFile(fd));
    const sizes = kind === "block" ? blockSizesOf(fd) : { logical: 1, physical: PAGE };
    return new FdStore(fd, size, sizes.physical, identityOf(fd, kind, filename), pool);
  } catch (error) {
    closeFile(fd);
    throw error;
  }
}

/** A file is the same one under another name. A device has nothing but its name, and its size. */
function identityOf(fd: number, kind: FileKind, filename: string): string {
  const identity = kind === "file" ? identityOfFile(fd) : undefined;
  return identity === undefined ? `device ${sizeOfFile(fd)} ${filename}` : `file ${identity}`;
}

/** Checks the size of the backing store against what is asked of it; bytes. */
function usableSize(options: FileOptions, actual: number): number {
  const { filename, blocksize } = options;
  if (actual < 0) {
    throw new StoreError(`Cannot tell the size of '${filename}': ${describeErrno(-actual)}`);
  }
  if (options.size !== undefined) {
    if (options.size > actual) {
      throw new StoreError(
        `Cannot export ${options.size} bytes of '${filename}': it is too small, it has ${actual} bytes`,
      );
    }
    return options.size;
  }
  if (actual < blocksize) {
    throw new StoreError(
      `Cannot use '${filename}': it is too small, it has ${actual} bytes and one block has ${blocksize}`,
    );
  }
  if (actual % blocksize !== 0) {
    throw new StoreError(
      `Cannot use '${filename}': its size of ${actual} bytes is not a multiple of the block size ${blocksize}`,
    );
  }
  return actual;
}
