/** A disk in memory: a file without a name, which takes space as it is written, up to its size. */
import { describeErrno } from "../../ffi/errno.ts";
import { closeFile, createMemoryFile, truncateFile } from "../../ffi/file.ts";
import { FdStore } from "./fd_store.ts";
import type { IoPool } from "./io_pool.ts";
import { type Store, StoreError } from "./store.ts";

/** What is written, and given back, at once. */
const PAGE = 4096;

/** Makes a disk of `size` bytes, all zeros, that lasts until it is closed. Throws a StoreError. */
export function openRam(size: number, pool: IoPool): Store {
  const fd = createMemoryFile();
  if (fd < 0) throw new StoreError(`Cannot make a disk in memory: ${describeErrno(-fd)}`);
  const sized = truncateFile(fd, size);
  if (sized < 0) {
    closeFile(fd);
    throw new StoreError(
      `Cannot make a disk of ${size} bytes in memory: ${describeErrno(-sized)}`,
    );
  }
  const traits = {
    filename: undefined,
    size,
    physicalBlockSize: PAGE,
    identity: undefined, // what is not kept cannot be half of something after a restart
    alignment: 1,
    countsSpace: false, // it shares the memory with everybody, and nobody can say what is left
  };
  return new FdStore(fd, traits, pool);
}
