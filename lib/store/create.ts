/** Making a backing file. */
import { describeErrno, Errno } from "../../ffi/errno.ts";
import { closeFile, createFile, openFile, removeFile, truncateFile } from "../../ffi/file.ts";
import { kindOfFile, sizeOfFile } from "../../ffi/file_facts.ts";
import { StoreError } from "./store.ts";

/** A backing file that is there now. */
export interface SparseFile {
  /** Whether it was made; if not it was there before, and is as it was. */
  readonly made: boolean;
  /** Bytes. */
  readonly size: number;
}

/**
 * Makes a sparse file of `size` bytes with mode 0600 where there is none. A regular file that is
 * there is left as it is. Throws a StoreError when neither is possible.
 */
export function createSparse(path: string, size: number): SparseFile {
  const fd = createFile(path);
  if (fd === -Errno.EEXIST) return { made: false, size: sizeOfExisting(path) };
  if (fd < 0) throw new StoreError(`Cannot create '${path}': ${describeErrno(-fd)}`);
  const result = truncateFile(fd, size);
  closeFile(fd);
  if (result < 0) {
    removeFile(path); // it was made a moment ago, and would be taken for a disk the next time
    throw new StoreError(`Cannot make '${path}' ${size} bytes long: ${describeErrno(-result)}`);
  }
  return { made: true, size };
}

function sizeOfExisting(path: string): number {
  const fd = openFile(path, false);
  if (fd < 0) throw new StoreError(`Cannot open '${path}': ${describeErrno(-fd)}`);
  const kind = kindOfFile(fd);
  const size = sizeOfFile(fd);
  closeFile(fd);
  if (kind !== "file") throw new StoreError(`Cannot use '${path}': it is not a regular file`);
  return size;
}
