/** Reading small text files with a bound, and one sentence for each way in which that can fail. */

/**
 * The text of the regular file `path`, of at most `maxBytes` bytes of UTF-8. Throws an Error with
 * one sentence that begins with "Cannot read"; its cause is the error of the runtime, if any.
 */
export function readText(path: string, maxBytes: number): string {
  let bytes: Uint8Array;
  try {
    const info = Deno.statSync(path);
    if (info.isDirectory) throw new Error("it is a directory");
    // Opening a FIFO would wait for a writer.
    if (!info.isFile) throw new Error("it is not a regular file");
    bytes = readAtMost(path, maxBytes + 1);
    if (bytes.length > maxBytes) throw new Error(`it has more than ${maxBytes} bytes`);
  } catch (error) {
    throw new Error(`Cannot read ${path}: ${reason(error)}`, { cause: error });
  }
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (error) {
    throw new Error(`Cannot read ${path}: it is not UTF-8 text`, { cause: error });
  }
}

function readAtMost(path: string, limit: number): Uint8Array {
  using file = Deno.openSync(path, { read: true });
  const buffer = new Uint8Array(limit);
  let length = 0;
  while (length < limit) {
    const count = file.readSync(buffer.subarray(length));
    if (count === null) break;
    length += count;
  }
  return buffer.subarray(0, length);
}

/** Why a call on a file failed, in plain words. */
export function reason(error: unknown): string {
  if (error instanceof Deno.errors.NotFound) return "there is no such file or directory";
  if (error instanceof Deno.errors.PermissionDenied) return "permission denied";
  // Deno keeps /dev, /proc and /sys to itself unless it may do everything.
  if (error instanceof Deno.errors.NotCapable) return "Deno gives no access to that place";
  if (error instanceof Deno.errors.NotADirectory) return "a part of the path is not a directory";
  return error instanceof Error ? error.message : String(error);
}
