/** Joins byte strings into a fresh one. */
export function concatBytes(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** Bytes of a seeded pseudo-random sequence, to compare what was written with what is read. */
export function patternBytes(length: number, seed: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  const view = new DataView(bytes.buffer);
  let state = (seed ^ 0x9e3779b9) >>> 0 || 1;
  // Marsaglia's xorshift32: 13, 17, 5.
  const next = () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
  let at = 0;
  for (; at + 4 <= length; at += 4) view.setUint32(at, next());
  for (; at < length; at++) bytes[at] = next();
  return bytes;
}
