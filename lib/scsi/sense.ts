/** Sense data (SPC-5 4.4): what went wrong, as one number, and its two formats. */

/** Sense key, additional sense code and qualifier as 0xKKAAQQ (SPC-5 annex F). */
export const Sense = {
  NO_SENSE: 0x000000,
  LOGICAL_UNIT_NOT_READY: 0x020400,
  WRITE_ERROR: 0x030c00,
  UNRECOVERED_READ_ERROR: 0x031100,
  INTERNAL_TARGET_FAILURE: 0x0b4400,
  HARDWARE_INTERNAL_TARGET_FAILURE: 0x044400,
  PARAMETER_LIST_LENGTH_ERROR: 0x051a00,
  INVALID_COMMAND_OPERATION_CODE: 0x052000,
  LBA_OUT_OF_RANGE: 0x052100,
  INVALID_FIELD_IN_CDB: 0x052400,
  LOGICAL_UNIT_NOT_SUPPORTED: 0x052500,
  INVALID_FIELD_IN_PARAMETER_LIST: 0x052600,
  SAVING_PARAMETERS_NOT_SUPPORTED: 0x053900,
  POWER_ON_OR_RESET: 0x062900,
  BUS_DEVICE_RESET: 0x062903,
  NEXUS_LOSS: 0x062907,
  COMMANDS_CLEARED: 0x062f00,
  WRITE_PROTECTED: 0x072700,
  SPACE_ALLOCATION_FAILED: 0x072707,
  COMMAND_ABORTED: 0x0b0000,
  PROTOCOL_SERVICE_CRC_ERROR: 0x0b4705,
  UNEXPECTED_UNSOLICITED_DATA: 0x0b0c0c,
  NOT_ENOUGH_UNSOLICITED_DATA: 0x0b0c0d,
  INVALID_MESSAGE_ERROR: 0x0b4900,
  MISCOMPARE_DURING_VERIFY: 0x0e1d00,
} as const;

export type SenseCode = typeof Sense[keyof typeof Sense];

const names = new Map<number, string>(
  Object.entries(Sense).map(([name, code]) => [code, name]),
);

/** The name of a sense code for a log line. */
export function nameOfSense(code: number): string {
  return names.get(code) ?? `0x${code.toString(16).padStart(6, "0")}`;
}

/** Bytes of the longest sense data that encodeSense() writes. */
export const SENSE_MOST = 28;

/** No value for `information` and `field` of encodeSense(). */
export const NOTHING = -1;

/** What goes with a sense code. */
export interface SenseDetail {
  /** LBA or offset (SPC-5 4.4.2.2), or NOTHING. */
  readonly information: number;
  /** The field in error: byte * 8 + bit, plus FIELD_IN_CDB for the CDB; or NOTHING (SPC-5 4.4.2.4.2). */
  readonly field: number;
}

/** Marks a field pointer as one into the CDB and not into the parameter list. */
export const FIELD_IN_CDB = 1 << 24;

const HIGH = 2 ** 32;

/** Writes the three bytes SENSE KEY SPECIFIC for a field pointer. */
function encodeFieldPointer(view: DataView, at: number, field: number): void {
  const inCdb = field >= FIELD_IN_CDB;
  const place = inCdb ? field - FIELD_IN_CDB : field;
  view.setUint8(at, 0x80 | (inCdb ? 0x40 : 0) | 0x08 | (place & 7)); // SKSV, C/D, BPV, bit
  view.setUint16(at + 1, place >> 3);
}

/**
 * Writes sense data at `at` and returns its length: fixed format (18 bytes) or descriptor format
 * (8 bytes and what descriptors there are), as D_SENSE of the Control mode page says.
 */
export function encodeSense(
  view: DataView,
  at: number,
  code: number,
  detail: SenseDetail,
  descriptorFormat: boolean,
): number {
  return descriptorFormat
    ? encodeDescriptorSense(view, at, code, detail)
    : encodeFixedSense(view, at, code, detail);
}

function encodeFixedSense(
  view: DataView,
  at: number,
  code: number,
  detail: SenseDetail,
): number {
  for (let index = 0; index < 18; index++) view.setUint8(at + index, 0);
  const hasInformation = detail.information !== NOTHING && detail.information < HIGH;
  view.setUint8(at, 0x70 | (hasInformation ? 0x80 : 0));
  view.setUint8(at + 2, code >> 16);
  if (hasInformation) view.setUint32(at + 3, detail.information);
  view.setUint8(at + 7, 10); // ADDITIONAL SENSE LENGTH
  view.setUint16(at + 12, code & 0xffff);
  if (detail.field !== NOTHING) encodeFieldPointer(view, at + 15, detail.field);
  return 18;
}

function encodeDescriptorSense(
  view: DataView,
  at: number,
  code: number,
  detail: SenseDetail,
): number {
  let end = at + 8;
  for (let index = 0; index < SENSE_MOST; index++) view.setUint8(at + index, 0);
  view.setUint8(at, 0x72);
  view.setUint8(at + 1, code >> 16);
  view.setUint16(at + 2, code & 0xffff);
  if (detail.information !== NOTHING) {
    view.setUint8(end, 0x00); // Information descriptor
    view.setUint8(end + 1, 0x0a);
    view.setUint8(end + 2, 0x80); // VALID
    view.setUint32(end + 4, Math.floor(detail.information / HIGH));
    view.setUint32(end + 8, detail.information >>> 0);
    end += 12;
  }
  if (detail.field !== NOTHING) {
    view.setUint8(end, 0x02); // Sense key specific descriptor
    view.setUint8(end + 1, 0x06);
    encodeFieldPointer(view, end + 4, detail.field);
    end += 8;
  }
  view.setUint8(at + 7, end - at - 8);
  return end - at;
}
