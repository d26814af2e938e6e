/** The basic header segment (RFC 7143 11.2.1): where its fields lie. */

/** Bytes of a basic header segment. */
export const BHS_LENGTH = 48;

/** A tag that stands for "no tag" (RFC 7143 11.2.1.8). */
export const NO_TAG = 0xffffffff;

/** Byte 0: the request is for immediate delivery. */
export const IMMEDIATE = 0x40;
export const OPCODE_MASK = 0x3f;

/** Byte 1: the last PDU of a sequence. */
export const FINAL = 0x80;

/** Byte 1 of Login and Text PDUs: the text goes on in the next one. */
export const CONTINUE = 0x40;

// Fields that all PDUs, or all of one direction, have at the same place.
export const OPCODE = 0;
export const FLAGS = 1;
export const TOTAL_AHS_LENGTH = 4;
export const LUN = 8;
export const INITIATOR_TASK_TAG = 16;
export const TARGET_TRANSFER_TAG = 20;
export const CMD_SN = 24; // requests
export const EXP_STAT_SN = 28; // requests
export const STAT_SN = 24; // responses
export const EXP_CMD_SN = 28; // responses
export const MAX_CMD_SN = 32; // responses

/** Bytes of the pad behind `length` bytes (RFC 7143 11.1). */
export function padOf(length: number): number {
  return -length & 3;
}

/** Reads a 24-bit DataSegmentLength. */
export function getDataSegmentLength(view: DataView, at: number): number {
  return view.getUint32(at + TOTAL_AHS_LENGTH) & 0xffffff;
}

/** Writes a DataSegmentLength and a TotalAHSLength of zero. */
export function setDataSegmentLength(view: DataView, at: number, length: number): void {
  view.setUint32(at + TOTAL_AHS_LENGTH, length);
}

/** Zeroes a header. */
export function clearHeader(view: DataView, at: number): void {
  for (let word = 0; word < BHS_LENGTH; word += 4) view.setUint32(at + word, 0);
}
