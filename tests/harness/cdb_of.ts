/** CDBs made from rows of the opcode table, by the places that the group code gives the fields. */
import type { Operation } from "../../lib/scst/operation.ts";
import { hexBytes } from "./hex.ts";

/** Where LBA and length of a CDB stand, by its group code (SPC-5 4.2.5.1). */
interface Layout {
  readonly cdb: number;
  readonly lba: readonly [at: number, bytes: number];
  readonly length: readonly [at: number, bytes: number];
}

const SIX: Layout = { cdb: 6, lba: [1, 3], length: [4, 1] };
const TEN: Layout = { cdb: 10, lba: [2, 4], length: [7, 2] };
const TWELVE: Layout = { cdb: 12, lba: [2, 4], length: [6, 4] };
const SIXTEEN: Layout = { cdb: 16, lba: [2, 8], length: [10, 4] };
const GROUPS = [SIX, TEN, TEN, undefined, SIXTEEN, TWELVE];

/** Lengths that do not stand where the others of their group do. */
const LENGTHS: Record<string, Layout["length"]> = {
  "INQUIRY": [3, 2],
  "COMPARE AND WRITE": [13, 1],
  "WRITE ATOMIC(16)": [12, 2],
  "RECEIVE DIAGNOSTIC RESULTS": [3, 2],
  "READ CD": [6, 3],
  "READ DISC STRUCTURE": [8, 2],
  "MECHANISM STATUS": [8, 2],
};

/** The layout of a row's CDB. */
export function layoutOf(row: Operation): Layout {
  const layout = GROUPS[row.code >> 5]!;
  return { ...layout, length: LENGTHS[row.name] ?? layout.length };
}

/** NACA, which every CDB has in its last byte. */
const NACA = 0x04;

/** The CDB usage data of a row, read from its text. */
export function usageBytes(row: Operation): Uint8Array {
  const usage = hexBytes(row.usage);
  usage[usage.length - 1]! |= NACA;
  return usage;
}

/** The largest number that the length field of a row's CDB takes. */
export function lengthMost(row: Operation): number {
  return 2 ** (8 * layoutOf(row).length[1]) - 1;
}

/** Rows with something else where the others have LBA and length. */
const WITHOUT_BLOCKS =
  /^(READ CAPACITY|READ DEFECT DATA|GET LBA STATUS|READ TRACK INFORMATION|READ DISC STRUCTURE|SET CD SPEED)/;

/** Whether the row takes an LBA and a number of blocks, and means them. */
export function hasLba(row: Operation): boolean {
  const [at, bytes] = layoutOf(row).lba;
  const used = usageBytes(row).subarray(at, at + bytes);
  return !WITHOUT_BLOCKS.test(row.name) &&
    used.every((byte, index) => byte === (bytes === 3 && index === 0 ? 0x1f : 0xff));
}

/** Whether the row has an ALLOCATION LENGTH. */
export function hasAllocationLength(row: Operation): boolean {
  return row.decode !== undefined && row.out === undefined && !hasLba(row);
}

/** A CDB of 16 bytes with these fields, everything else zero. */
export function cdbOf(row: Operation, fields: { lba?: bigint | number; length?: number }) {
  const cdb = new Uint8Array(16);
  const { lba, length } = layoutOf(row);
  put(cdb, lba, BigInt(fields.lba ?? 0));
  put(cdb, length, BigInt(fields.length ?? 0));
  cdb[0] = row.code;
  cdb[1]! |= row.serviceAction ?? 0;
  return cdb;
}

function put(cdb: Uint8Array, [at, bytes]: readonly [number, number], value: bigint): void {
  for (let index = 0; index < bytes; index++) {
    cdb[at + index]! |= Number(value >> BigInt(8 * (bytes - 1 - index)) & 0xffn);
  }
}
