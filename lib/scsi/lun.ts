/** The eight-byte LUN field (SAM-5 4.7): single level, peripheral or flat space addressing. */

/** Not a LUN that this target could have. */
export const NO_LUN = -1;

/** Reads a LUN field; NO_LUN for methods and levels that are not used here. */
export function decodeLun(view: DataView, at: number): number {
  if (view.getUint16(at + 2) !== 0 || view.getUint32(at + 4) !== 0) return NO_LUN;
  const first = view.getUint16(at);
  const method = first >> 14;
  if (method === 0) return first < 256 ? first : NO_LUN; // peripheral, bus 0
  return method === 1 ? first & 0x3fff : NO_LUN; // flat space
}

/** Writes a LUN: peripheral addressing below 256, flat space addressing from there. */
export function encodeLun(view: DataView, at: number, lun: number): void {
  view.setUint16(at, lun < 256 ? lun : 0x4000 | lun);
  view.setUint16(at + 2, 0);
  view.setUint32(at + 4, 0);
}
