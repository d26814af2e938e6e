/** Text of Login and Text PDUs (RFC 7143 6.1): NUL-separated `key=value` pairs in UTF-8. */

/** Bytes of a key-name, and of a value where nothing else is said (RFC 7143 6.1). */
const KEY_MOST = 63;
const VALUE_MOST = 255;

/** A binary value, whose notation is longer than it is; who reads it knows how long it may be. */
const BINARY = /^0[xXbB]/;

/** Not well-formed; the message says what is wrong. */
export class TextError extends Error {
  override name = "TextError";
}

/** Puts together text that comes or goes in several PDUs. */
export function joinText(parts: readonly Uint8Array[]): Uint8Array {
  const text = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    text.set(part, at);
    at += part.length;
  }
  return text;
}

/** Splits text into pairs, in the order in which they came. */
export function parseText(bytes: Uint8Array): [string, string][] {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new TextError("the text is not UTF-8");
  }
  const pairs: [string, string][] = [];
  for (const item of text.split("\0")) {
    if (item === "") continue; // behind the last NUL, or padding
    const equals = item.indexOf("=");
    // What it is may be a secret matter, as a response of CHAP is.
    if (equals < 0) throw new TextError(`a pair of ${item.length} characters has no '='`);
    const key = item.slice(0, equals);
    const length = bytesOf(key);
    if (length === 0 || length > KEY_MOST) {
      throw new TextError(`a key has ${length} bytes: 1 to ${KEY_MOST} are allowed`);
    }
    const value = item.slice(equals + 1);
    const long = value.split(",").find((one) => bytesOf(one) > VALUE_MOST && !BINARY.test(one));
    if (long !== undefined) {
      const most = `up to ${VALUE_MOST} are allowed`;
      throw new TextError(`a value of '${key}' has ${bytesOf(long)} bytes: ${most}`);
    }
    pairs.push([key, value]);
  }
  return pairs;
}

const encoder = new TextEncoder();

function bytesOf(text: string): number {
  return encoder.encode(text).length;
}

/** Joins pairs to text; every pair ends with a NUL. */
export function formatText(pairs: readonly (readonly [string, string])[]): Uint8Array {
  return encoder.encode(pairs.map(([key, value]) => `${key}=${value}\0`).join(""));
}
