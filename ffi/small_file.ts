/** Small files of our own, by their path, that a crash at any instant leaves whole. */
import { Errno } from "./errno.ts";
import { closeFile, createFile, cString, openFile, removeFile } from "./file.ts";
import { sizeOfFile } from "./file_facts.ts";
import { IoVector } from "./iovec.ts";
import { check, libc } from "./libc.ts";
import { Memory } from "./memory.ts";
import { preadv } from "./transfer.ts";
import { writeWhole } from "./write_whole.ts";

function directoryOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/")) || "/";
}

/** Makes a directory with mode 0700 that outlives a crash, where there is none; its parent is there. */
function makeDirectory(path: string): number {
  const made = check(libc.mkdir(cString(path), 0o700));
  if (made === -Errno.EEXIST) return 0;
  return made < 0 ? made : syncDirectory(directoryOf(path));
}

/**
 * Replaces the content of `path` so that a crash at any instant leaves the old or the new content,
 * under `path` or, for an instant, under `path`.1, which keeps the generation before. Its directory is
 * made if there is none. May sleep.
 */
export function replaceFile(path: string, content: Uint8Array<ArrayBuffer>): number {
  const directory = makeDirectory(directoryOf(path));
  if (directory < 0) return directory;
  const fresh = `${path}.new`;
  removeFile(fresh);
  const fd = createFile(fresh);
  if (fd < 0) return fd;
  const written = writeAndSync(fd, content);
  closeFile(fd);
  if (written < 0) {
    removeFile(fresh);
    return written;
  }
  const kept = check(libc.rename(cString(path), cString(`${path}.1`)));
  if (kept < 0 && kept !== -Errno.ENOENT) return kept;
  const renamed = check(libc.rename(cString(fresh), cString(path)));
  return renamed < 0 ? renamed : syncDirectory(directoryOf(path));
}

/** Removes a file by its name, so that a crash does not bring it back. May sleep. */
export function removeForGood(path: string): number {
  const removed = removeFile(path);
  return removed < 0 && removed !== -Errno.ENOENT ? removed : syncDirectory(directoryOf(path));
}

function writeAndSync(fd: number, content: Uint8Array<ArrayBuffer>): number {
  const memory = new Memory(Math.max(content.length, 1));
  memory.bytes.set(content);
  const written = writeWhole(
    content.length,
    (done) => check(libc.write(fd, memory.address + done, content.length - done)),
  );
  if (written < 0) return written;
  return check(libc.fsync(fd));
}

function syncDirectory(path: string): number {
  const fd = openFile(path, false);
  if (fd < 0) return fd;
  const result = check(libc.fsync(fd));
  closeFile(fd);
  return result;
}

/** The content of a small file; undefined when there is none, or -errno. */
export function readSmallFile(path: string): Uint8Array<ArrayBuffer> | number | undefined {
  const fd = openFile(path, false);
  if (fd === -Errno.ENOENT) return undefined;
  if (fd < 0) return fd;
  try {
    const size = sizeOfFile(fd);
    if (size < 0) return size;
    const memory = new Memory(Math.max(size, 1));
    const iov = new IoVector(1);
    for (let done = 0; done < size;) {
      iov.clear();
      iov.push(memory.address + done, size - done);
      const read = preadv(fd, iov.address, iov.count, done);
      if (read < 0 && read !== -Errno.EINTR) return read;
      if (read === 0) return memory.bytes.slice(0, done);
      if (read > 0) done += read;
    }
    return memory.bytes.slice(0, size);
  } finally {
    closeFile(fd);
  }
}
