/** CRC32C (RFC 7143 13.1) as a textbook has it: one byte after the other. */

/** What a byte that leaves the register brings about. */
const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let register = byte;
  for (let bit = 0; bit < 8; bit++) {
    register = (register & 1) === 1 ? register >>> 1 ^ 0x82f63b78 : register >>> 1;
  }
  return register;
});

export function crc32c(bytes: Uint8Array): number {
  let register = 0xffffffff;
  for (const byte of bytes) register = register >>> 8 ^ TABLE[(register ^ byte) & 0xff]!;
  return ~register >>> 0;
}
