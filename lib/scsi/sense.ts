/** Sense data (SPC-5 4.4): what went wrong, as one number, and its two formats. */

/** Sense key, additional sense code and qualifier as 0xKKAAQQ (SPC-5 annex F). */
export const Sense = {
  NO_SENSE: 0x000000,
  LOGICAL_UNIT_NOT_READY: 0x020400,
  FORMAT_IN_PROGRESS: 0x020404,
  ASYMMETRIC_ACCESS_STATE_TRANSITION: 0x02040a,
  TARGET_PORT_IN_STANDBY_STATE: 0x02040b,
  TARGET_PORT_IN_UNAVAILABLE_STATE: 0x02040c,
  SANITIZE_IN_PROGRESS: 0x02041b,
  MEDIUM_NOT_PRESENT: 0x023a00,
  WRITE_ERROR: 0x030c00,
  UNRECOVERED_READ_ERROR: 0x031100,
  FORMAT_COMMAND_FAILED: 0x033101,
  SANITIZE_COMMAND_FAILED: 0x033103,
  LOGICAL_UNIT_COMMUNICATION_FAILURE: 0x040800,
  LOGICAL_UNIT_FAILURE: 0x043e01,
  TIMEOUT_ON_LOGICAL_UNIT: 0x043e02,
  FAILED_SELF_TEST: 0x043e03,
  HARDWARE_INTERNAL_TARGET_FAILURE: 0x044400,
  SET_TARGET_PORT_GROUPS_COMMAND_FAILED: 0x04670a,
  OPERATION_IN_PROGRESS: 0x050016,
  PARAMETER_LIST_LENGTH_ERROR: 0x051a00,
  INVALID_COMMAND_OPERATION_CODE: 0x052000,
  LBA_OUT_OF_RANGE: 0x052100,
  INVALID_TOKEN_OPERATION: 0x052300,
  TOKEN_UNKNOWN: 0x052304,
  TOKEN_REVOKED: 0x052306,
  TOKEN_EXPIRED: 0x052307,
  TOKEN_CANCELLED: 0x052308,
  TOKEN_DELETED: 0x052309,
  INVALID_FIELD_IN_CDB: 0x052400,
  LOGICAL_UNIT_NOT_SUPPORTED: 0x052500,
  INVALID_FIELD_IN_PARAMETER_LIST: 0x052600,
  INVALID_RELEASE_OF_PERSISTENT_RESERVATION: 0x052604,
  TOO_MANY_TARGET_DESCRIPTORS: 0x052606,
  UNSUPPORTED_TARGET_DESCRIPTOR_TYPE: 0x052607,
  TOO_MANY_SEGMENT_DESCRIPTORS: 0x052608,
  UNSUPPORTED_SEGMENT_DESCRIPTOR_TYPE: 0x052609,
  INLINE_DATA_LENGTH_EXCEEDED: 0x05260b,
  INCOMPATIBLE_FORMAT: 0x053002,
  INVALID_MESSAGE_ERROR: 0x054900,
  MEDIUM_REMOVAL_PREVENTED: 0x055302,
  INSUFFICIENT_REGISTRATION_RESOURCES: 0x055504,
  ILLEGAL_MODE_FOR_THIS_TRACK: 0x056400,
  MEDIUM_MAY_HAVE_CHANGED: 0x062800,
  POWER_ON_OR_RESET: 0x062900,
  BUS_DEVICE_RESET: 0x062903,
  NEXUS_LOSS: 0x062907,
  MODE_PARAMETERS_CHANGED: 0x062a01,
  LOG_PARAMETERS_CHANGED: 0x062a02,
  RESERVATIONS_PREEMPTED: 0x062a03,
  RESERVATIONS_RELEASED: 0x062a04,
  REGISTRATIONS_PREEMPTED: 0x062a05,
  ASYMMETRIC_ACCESS_STATE_CHANGED: 0x062a06,
  CAPACITY_DATA_CHANGED: 0x062a09,
  TIMESTAMP_CHANGED: 0x062a10,
  COMMANDS_CLEARED: 0x062f00,
  SOFT_THRESHOLD_REACHED: 0x063807,
  INQUIRY_DATA_CHANGED: 0x063f03,
  DEVICE_IDENTIFIER_CHANGED: 0x063f05,
  REPORTED_LUNS_DATA_CHANGED: 0x063f0e,
  WRITE_PROTECTED: 0x072700,
  SOFTWARE_WRITE_PROTECTED: 0x072702,
  SPACE_ALLOCATION_FAILED: 0x072707,
  COPY_ABORTED: 0x0a0000,
  UNREACHABLE_COPY_TARGET: 0x0a0804,
  THIRD_PARTY_DEVICE_FAILURE: 0x0a0d01,
  COPY_TARGET_NOT_REACHABLE: 0x0a0d02,
  INCORRECT_COPY_TARGET_TYPE: 0x0a0d03,
  UNEXPECTED_INEXACT_SEGMENT: 0x0a260a,
  COMMAND_ABORTED: 0x0b0000,
  UNEXPECTED_UNSOLICITED_DATA: 0x0b0c0c,
  INTERNAL_TARGET_FAILURE: 0x0b4400,
  PROTOCOL_SERVICE_CRC_ERROR: 0x0b4705,
  MISCOMPARE_DURING_VERIFY: 0x0e1d00,
} as const;

/**
 * Added to a sense code: the error is one of commands that have ended with GOOD before (SPC-5 4.4,
 * deferred errors), and the command that is told of it was not executed.
 */
export const DEFERRED = 1 << 24;

const names = new Map<number, string>(
  Object.entries(Sense).map(([name, code]) => [code, name]),
);

/** The name of a sense code for a log line. */
export function nameOfSense(code: number): string {
  const current = code & ~DEFERRED;
  const name = names.get(current) ?? `0x${current.toString(16).padStart(6, "0")}`;
  return current === code ? name : `deferred ${name}`;
}

/** Bytes of the longest sense data that encodeSense() writes. */
export const SENSE_MOST = 40;

/** No value for `information` and `field` of encodeSense(). */
export const NOTHING = -1;

/** What goes with a sense code. */
export interface SenseDetail {
  /** LBA or offset (SPC-5 4.4.2.2), or NOTHING. */
  readonly information: number;
  /**
   * SENSE KEY SPECIFIC (SPC-5 4.4.2.4): the field in error as byte * 8 + bit, plus FIELD_IN_CDB for
   * the CDB; or PROGRESS plus 65536ths; or NOTHING.
   */
  readonly field: number;
  /** COMMAND-SPECIFIC INFORMATION (SPC-5 4.4.2.3), or NOTHING. */
  readonly commandInformation?: number;
}

/** Marks a field pointer as one into the CDB and not into the parameter list. */
export const FIELD_IN_CDB = 1 << 24;

/** Marks `field` as a progress indication. */
export const PROGRESS = 2 << 24;

const HIGH = 2 ** 32;

/** Writes the three bytes SENSE KEY SPECIFIC. */
function encodeSpecific(view: DataView, at: number, field: number): void {
  if (field >= PROGRESS) {
    view.setUint8(at, 0x80); // SKSV
    view.setUint16(at + 1, field - PROGRESS);
    return;
  }
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

function isDeferred(code: number): boolean {
  return (code & DEFERRED) !== 0;
}

function encodeFixedSense(
  view: DataView,
  at: number,
  code: number,
  detail: SenseDetail,
): number {
  for (let index = 0; index < 18; index++) view.setUint8(at + index, 0);
  const hasInformation = detail.information !== NOTHING && detail.information < HIGH;
  view.setUint8(at, (isDeferred(code) ? 0x71 : 0x70) | (hasInformation ? 0x80 : 0));
  view.setUint8(at + 2, code >> 16 & 0x0f);
  if (hasInformation) view.setUint32(at + 3, detail.information);
  view.setUint8(at + 7, 10); // ADDITIONAL SENSE LENGTH
  view.setUint16(at + 12, code & 0xffff);
  const { commandInformation = NOTHING } = detail;
  if (commandInformation !== NOTHING) view.setUint32(at + 8, commandInformation);
  if (detail.field !== NOTHING) encodeSpecific(view, at + 15, detail.field);
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
  view.setUint8(at, isDeferred(code) ? 0x73 : 0x72);
  view.setUint8(at + 1, code >> 16 & 0x0f);
  view.setUint16(at + 2, code & 0xffff);
  // An LBA beyond 2**53 has lost its last bits: better none than a wrong one.
  if (detail.information !== NOTHING && detail.information <= Number.MAX_SAFE_INTEGER) {
    view.setUint8(end, 0x00); // Information descriptor
    view.setUint8(end + 1, 0x0a);
    view.setUint8(end + 2, 0x80); // VALID
    view.setUint32(end + 4, Math.floor(detail.information / HIGH));
    view.setUint32(end + 8, detail.information >>> 0);
    end += 12;
  }
  const { commandInformation = NOTHING } = detail;
  if (commandInformation !== NOTHING) {
    view.setUint8(end, 0x01); // Command specific information descriptor
    view.setUint8(end + 1, 0x0a);
    view.setUint32(end + 8, commandInformation);
    end += 12;
  }
  if (detail.field !== NOTHING) {
    view.setUint8(end, 0x02); // Sense key specific descriptor
    view.setUint8(end + 1, 0x06);
    encodeSpecific(view, end + 4, detail.field);
    end += 8;
  }
  view.setUint8(at + 7, end - at - 8);
  return end - at;
}
