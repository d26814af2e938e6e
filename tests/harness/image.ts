/** Images whose bytes can be compared: random ones, and checksums of what came back. */
import { createHash, randomBytes } from "node:crypto";

/**
 * Writes `size` bytes of random data to `path`. Every second MiB is a hole if `sparse`, so that
 * a copying tool also sends its zeroing and unmapping commands.
 */
export function writeRandomImage(path: string, size: number, sparse = false): void {
  using file = Deno.openSync(path, { create: true, write: true, truncate: true });
  file.truncateSync(size);
  const step = 1024 * 1024;
  for (let at = 0; at < size; at += sparse ? 2 * step : step) {
    file.seekSync(at, Deno.SeekMode.Start);
    const bytes = randomBytes(Math.min(step, size - at));
    for (let done = 0; done < bytes.length;) done += file.writeSync(bytes.subarray(done));
  }
}

/** The SHA-256 of the first `length` bytes of a file (of all of it if not given), in hex. */
export function sha256(path: string, length?: number): string {
  const bytes = Deno.readFileSync(path);
  return createHash("sha256").update(bytes.subarray(0, length)).digest("hex");
}

/** Reads `length` bytes at `offset` of a file. */
export function readAt(path: string, offset: number, length: number): Uint8Array {
  using file = Deno.openSync(path);
  file.seekSync(offset, Deno.SeekMode.Start);
  const bytes = new Uint8Array(length);
  let done = 0;
  while (done < length) {
    const count = file.readSync(bytes.subarray(done));
    if (count === null) throw new Error(`${path} ends at ${offset + done}`);
    done += count;
  }
  return bytes;
}
