/** Addresses on a CD: minute, second and frame of 1/75 second (MMC-6). */

const FRAMES = 75;
const SECONDS = 60;

/** Block 0 comes after two seconds of silence. */
const FIRST = 2 * FRAMES;

/** The last address that three bytes can say, for DVDs whose blocks go beyond it. */
const MOST = (255 * SECONDS + SECONDS - 1) * FRAMES + FRAMES - 1;

/** The address of a block; of those beyond 255:59:74 that. */
export function msfOf(lba: number): [minute: number, second: number, frame: number] {
  const frames = Math.min(lba + FIRST, MOST);
  const seconds = Math.floor(frames / FRAMES);
  return [Math.floor(seconds / SECONDS), seconds % SECONDS, frames % FRAMES];
}

/** The block at the address in three bytes, negative in front of the first one; undefined for no address. */
export function lbaOf(bytes: Uint8Array, at: number): number | undefined {
  const [minute = 0, second = 0, frame = 0] = bytes.subarray(at, at + 3);
  if (second >= SECONDS || frame >= FRAMES) return undefined;
  return (minute * SECONDS + second) * FRAMES + frame - FIRST;
}
