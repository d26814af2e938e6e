/** The eight-byte LUN field (SAM-5 4.7): single level addressing. */

/** Not a LUN that this target could have. */
export const NO_LUN = -1;

/** ADDRESS METHOD (SAM-5 table 20), under the names that SCST has for them. */
export const LunAddressing = {
  /** Peripheral device addressing: bus 0 has room for LUNs below 256. */
  PERIPHERAL: 0,
  /** Flat space addressing. */
  FLAT: 1,
  /** Logical unit addressing: the parts of the address are taken together as one number. */
  LUN: 2,
} as const;
export type LunAddressing = typeof LunAddressing[keyof typeof LunAddressing];

/** LUNs below this one have an address of the peripheral method. */
const PERIPHERAL_END = 256;

/** Reads a LUN field; NO_LUN for methods and levels that are not used here. */
export function decodeLun(view: DataView, at: number): number {
  if (view.getUint16(at + 2) !== 0 || view.getUint32(at + 4) !== 0) return NO_LUN;
  const first = view.getUint16(at);
  const method = first >> 14;
  if (method === LunAddressing.PERIPHERAL) return first < PERIPHERAL_END ? first : NO_LUN;
  return method <= LunAddressing.LUN ? first & 0x3fff : NO_LUN;
}

/**
 * Writes a LUN: 0 as zeros, which is how initiators ask for it before they have seen a list, and one
 * that the peripheral method has no address for in flat space addressing.
 */
export function encodeLun(
  view: DataView,
  at: number,
  lun: number,
  addressing: LunAddressing,
): void {
  const fits = addressing !== LunAddressing.PERIPHERAL || lun < PERIPHERAL_END;
  const method = fits ? addressing : LunAddressing.FLAT;
  view.setUint16(at, lun === 0 ? 0 : method << 14 | lun);
  view.setUint16(at + 2, 0);
  view.setUint32(at + 4, 0);
}
