/**
 * CRC32C, the checksum of iSCSI's digests (RFC 7143 13.1): by libisal where that is installed, in
 * TypeScript everywhere else.
 */
import { crc32cByTables } from "./crc32c_tables.ts";
import { openIsal } from "./isal.ts";
import type { Memory } from "./memory.ts";
import { PORTABLE } from "./platform.ts";

const isal = PORTABLE ? undefined : openIsal();

/** Who computes it, for people. */
export const CRC32C_BY: "libisal" | "TypeScript" = isal === undefined ? "TypeScript" : "libisal";

/** From so many bytes on the library is faster, the call included. */
const CALL_LEAST = 48;

/**
 * The CRC32C of `length` bytes at `at`, from 0 to 2**32 - 1.
 *
 * @param before the CRC of what stands in front of them, for bytes that do not lie in one piece
 */
export function crc32c(memory: Memory, at: number, length: number, before = 0): number {
  const register = isal === undefined || length < CALL_LEAST
    ? crc32cByTables(memory.view, at, length, ~before)
    : isal(memory.address + at, length, ~before);
  return ~register >>> 0;
}
