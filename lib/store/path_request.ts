/** Operations on small files of our own, by their path, that the I/O workers carry out. */
import { Memory } from "../../ffi/memory.ts";
import type { IoPool } from "./io_pool.ts";
import { IoOperation, IoRequest } from "./io_request.ts";

/**
 * Replaces the content of the file `path` as replaceFile() does; `done` hears 0 when it is on stable
 * storage, or -errno.
 */
export function submitReplace(
  pool: IoPool,
  path: string,
  content: Uint8Array,
  done: (result: number) => void,
): void {
  submit(pool, IoOperation.REPLACE, path, content, done);
}

/** Removes the file `path` for good; `done` hears 0 or -errno. */
export function submitRemove(pool: IoPool, path: string, done: (result: number) => void): void {
  submit(pool, IoOperation.REMOVE, path, new Uint8Array(0), done);
}

function submit(
  pool: IoPool,
  operation: number,
  path: string,
  content: Uint8Array,
  done: (result: number) => void,
): void {
  const name = new TextEncoder().encode(path);
  const request = new IoRequest();
  request.operation = operation;
  request.memory = new Memory(name.length + content.length);
  request.memory.bytes.set(name);
  request.memory.bytes.set(content, name.length);
  request.offset = name.length;
  request.length = request.memory.length;
  request.finished = ({ result }) => done(result);
  pool.submit(request);
}
