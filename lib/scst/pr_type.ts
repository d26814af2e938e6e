/** Types of persistent reservations (SPC-4 table 211): what is reserved, and for whom. */
import { Barrier } from "./access.ts";

export const PrType = {
  WRITE_EXCLUSIVE: 1,
  EXCLUSIVE_ACCESS: 3,
  WRITE_EXCLUSIVE_REGISTRANTS_ONLY: 5,
  EXCLUSIVE_ACCESS_REGISTRANTS_ONLY: 6,
  WRITE_EXCLUSIVE_ALL_REGISTRANTS: 7,
  EXCLUSIVE_ACCESS_ALL_REGISTRANTS: 8,
} as const;
export type PrType = typeof PrType[keyof typeof PrType];

/** PERSISTENT RESERVATION TYPE MASK (SPC-4 table 205): a bit for each of the types. */
export const PR_TYPE_MASK = 0xea01;

const TYPES: ReadonlySet<number> = new Set(Object.values(PrType));

/** Whether a number is a type. */
export function isPrType(type: number): type is PrType {
  return TYPES.has(type);
}

/** Whether all registered nexuses are holders of a reservation of this type (SPC-4 5.12.10). */
export function isAllRegistrants(type: PrType): boolean {
  return type >= PrType.WRITE_EXCLUSIVE_ALL_REGISTRANTS;
}

/** Whether all registered nexuses have the access of the holder. */
export function isForRegistrants(type: PrType): boolean {
  return type >= PrType.WRITE_EXCLUSIVE_REGISTRANTS_ONLY;
}

/** What the type shuts others out from. */
export function barrierOf(type: PrType): Barrier {
  return type === PrType.WRITE_EXCLUSIVE ||
      type === PrType.WRITE_EXCLUSIVE_REGISTRANTS_ONLY ||
      type === PrType.WRITE_EXCLUSIVE_ALL_REGISTRANTS
    ? Barrier.WRITE_EXCLUSIVE
    : Barrier.EXCLUSIVE_ACCESS;
}
