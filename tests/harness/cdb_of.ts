/** CDBs made from rows of the opcode table, by the places that the group code gives the fields. */
import type { Operation } from "../../lib/scst/operation.ts";
import { patternBytes } from "../initiator/bytes.ts";
import { unmapList } from "../initiator/cdb.ts";
import type { Transfer } from "./exchange.ts";
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

const INQUIRY = 0x12;

/** The layout of a row's CDB. INQUIRY alone has an allocation length of two bytes in six (SPC-5 6.7). */
export function layoutOf(row: Operation): Layout {
  const layout = GROUPS[row.code >> 5]!;
  return row.code === INQUIRY ? { ...layout, length: [3, 2] } : layout;
}

/** The CDB usage data of a row, read from its text. */
export function usageBytes(row: Operation): Uint8Array {
  return hexBytes(row.usage);
}

/** The largest number that the length field of a row's CDB takes. */
export function lengthMost(row: Operation): number {
  return 2 ** (8 * layoutOf(row).length[1]) - 1;
}

/** Whether the row takes an LBA and means it (READ CAPACITY has one that is obsolete). */
export function hasLba(row: Operation): boolean {
  const [at, bytes] = layoutOf(row).lba;
  const used = usageBytes(row).subarray(at, at + bytes);
  return !row.name.startsWith("READ CAPACITY") &&
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

/**
 * A command of the row that succeeds on a disk with 512-byte blocks, and changes it at once if the
 * row changes the medium.
 */
export function validCommand(row: Operation): { cdb: Uint8Array; transfer: Transfer } {
  if (row.name === "UNMAP") {
    const write = unmapList([{ lba: 1, blocks: 1 }]);
    return { cdb: cdbOf(row, { length: write.length }), transfer: { write } };
  }
  if (hasLba(row)) {
    const transfer = row.changesMedium === true
      ? { write: patternBytes(512, row.code) }
      : row.name.startsWith("READ")
      ? { read: 512 }
      : {};
    return { cdb: cdbOf(row, { lba: 1, length: 1 }), transfer };
  }
  const cdb = cdbOf(row, { length: hasAllocationLength(row) ? 255 : 0 });
  if (row.name.startsWith("MODE SENSE")) cdb[2] = 0x3f;
  return { cdb, transfer: row.code === 0 ? {} : { read: 255 } };
}
