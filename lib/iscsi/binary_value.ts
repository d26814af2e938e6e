/** Binary values in text (RFC 7143 6.1): hex constants (`0x...`) and base64 constants (`0b...`). */

/** How a binary value is written. */
export const Notation = { HEX: "0x", BASE64: "0b" } as const;
export type Notation = typeof Notation[keyof typeof Notation];

export interface BinaryValue {
  readonly bytes: Uint8Array;
  readonly notation: Notation;
}

/** Bytes that a binary value may have (RFC 7143 12.1.3: challenges and responses of CHAP). */
export const BINARY_MOST = 1024;

/** Reads a binary value; undefined for what is none, or has more than BINARY_MOST bytes. */
export function parseBinary(text: string): BinaryValue | undefined {
  const [, hex] = /^0[xX]([0-9a-fA-F]+)$/.exec(text) ?? [];
  if (hex !== undefined) {
    // n digits are (n + 1) / 2 bytes, the most significant digit first.
    const bytes = bytesOfHex(hex.length % 2 === 0 ? hex : `0${hex}`);
    return bounded({ bytes, notation: Notation.HEX });
  }
  // n characters without the pad are n * 3 / 4 bytes, and n is never 4 * k + 1.
  const [, base64] = /^0[bB]([A-Za-z0-9+/]+)={0,2}$/.exec(text) ?? [];
  if (base64 === undefined || base64.length % 4 === 1) return undefined;
  const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  return bounded({ bytes, notation: Notation.BASE64 });
}

function bytesOfHex(digits: string): Uint8Array {
  const bytes = new Uint8Array(digits.length / 2);
  for (let index = 0; index < bytes.length; index++) {
    bytes[index] = parseInt(digits.slice(2 * index, 2 * index + 2), 16);
  }
  return bytes;
}

function bounded(value: BinaryValue): BinaryValue | undefined {
  return value.bytes.length <= BINARY_MOST ? value : undefined;
}

/** Writes a binary value. */
export function formatBinary(bytes: Uint8Array, notation: Notation): string {
  const text = notation === Notation.HEX
    ? Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("")
    : btoa(String.fromCharCode(...bytes));
  return notation + text;
}
