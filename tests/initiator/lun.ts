/** Logical unit numbers on the wire (SAM-5 4.7). */

/** Encodes 0..255 by peripheral device addressing, 256..16383 by flat space addressing. */
export function encodeLun(lun: number): Uint8Array<ArrayBuffer> {
  if (!Number.isInteger(lun) || lun < 0 || lun > 0x3fff) {
    throw new RangeError(`LUN must be 0 to 16383: it is ${lun}`);
  }
  const bytes = new Uint8Array(8);
  bytes[0] = lun > 0xff ? 0x40 | (lun >> 8) : 0;
  bytes[1] = lun;
  return bytes;
}

/** Decodes a single-level LUN of either addressing method. */
export function decodeLun(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, 8);
  const first = view.getUint16(0);
  const method = first >> 14;
  if (method > 1 || view.getUint16(2) !== 0 || view.getUint32(4) !== 0) {
    throw new RangeError(`Cannot decode the LUN: its first two bytes are ${first.toString(16)}`);
  }
  return first & 0x3fff;
}
