/** The mode parameters that initiators may change: each stands here once, for MODE SENSE and MODE SELECT. */

/** Where a field lies in the pages. */
export interface ModeField {
  readonly page: number;
  readonly byte: number;
  /** The bit of its least significant digit, and how many it has. */
  readonly shift: number;
  readonly width: number;
  /** Values that are reserved. */
  readonly reserved?: readonly number[];
}

export const MODE_FIELDS = {
  /** Writes may end before they are on stable storage (SBC-4 6.5.5). */
  WCE: { page: 0x08, byte: 2, shift: 2, width: 1 },
  /** While an ACA condition lasts only task management gets through (SPC-5 7.5.10). */
  TMF_ONLY: { page: 0x0a, byte: 2, shift: 4, width: 1 },
  /** Sense data comes in descriptor format (SPC-5 7.5.10). */
  D_SENSE: { page: 0x0a, byte: 2, shift: 2, width: 1 },
  /** What becomes of other commands when one ends with CHECK CONDITION (SPC-5 7.5.10). */
  QERR: { page: 0x0a, byte: 3, shift: 1, width: 2, reserved: [0b10] },
  /** The medium is write protected by software (SPC-5 7.5.10). */
  SWP: { page: 0x0a, byte: 4, shift: 3, width: 1 },
  /** Commands that another nexus aborts end with TASK ABORTED (SPC-5 7.5.10). */
  TAS: { page: 0x0a, byte: 5, shift: 6, width: 1 },
} as const satisfies Record<string, ModeField>;

export type ModeName = keyof typeof MODE_FIELDS;
export type ModeValues = Readonly<Record<ModeName, number>>;

export const MODE_NAMES = Object.keys(MODE_FIELDS) as readonly ModeName[];

/** All the bits of a field in their byte. */
export function maskOf({ shift, width }: ModeField): number {
  return (1 << width) - 1 << shift;
}

/** Whether a field can have a value. */
export function canHave({ width, reserved }: ModeField, value: number): boolean {
  return value < 1 << width && reserved?.includes(value) !== true;
}
