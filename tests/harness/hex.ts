/** Bytes from hex digits; blanks do not count. `"00 83 0057"` */
export function hexBytes(digits: string): Uint8Array<ArrayBuffer> {
  const pairs = digits.replaceAll(/\s/g, "").match(/../g) ?? [];
  return Uint8Array.from(pairs, (pair) => parseInt(pair, 16));
}

/** Bytes as hex digits, in groups of four bytes: what differs is seen at once in a failed comparison. */
export function toHex(bytes: Uint8Array): string {
  const digits = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return digits.replaceAll(/.{8}(?=.)/g, "$& ");
}
