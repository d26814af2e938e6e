/** Making a backing file. */
import { describeErrno, Errno } from "../../ffi/errno.ts";
import { closeFile, createFile, kindOfFile, openFile, truncateFile } from "../../ffi/file.ts";
import { StoreError } from "./store.ts";

/**
 * Makes a sparse file of `size` bytes with mode 0600 where there is none. A regular file that is
 * there is left as it is. Throws a StoreError when neither is possible.
 */
export function createSparse(path: string, size: number): "created" | "exists" {
  const fd = createFile(path);
  if (fd === -Errno.EEXIST) {
    checkRegular(path);
    return "exists";
  }
  if (fd < 0) throw new StoreError(`Cannot create '${path}': ${describeErrno(-fd)}`);
  const result = truncateFile(fd, size);
  closeFile(fd);
  if (result < 0) {
    throw new StoreError(`Cannot make '${path}' ${size} bytes long: ${describeErrno(-result)}`);
  }
  return "created";
}

function checkRegular(path: string): void {
  const fd = openFile(path, false);
  if (fd < 0) throw new StoreError(`Cannot open '${path}': ${describeErrno(-fd)}`);
  const kind = kindOfFile(fd);
  closeFile(fd);
  if (kind !== "file") throw new StoreError(`Cannot use '${path}': it is not a regular file`);
}
