/** SANITIZE and FORMAT UNIT, and their parameter lists (SBC-4 5.29, 5.4). */
import { concatBytes } from "../initiator/bytes.ts";

export const IMMED = 0x80;
export const AUSE = 0x20;

function sanitize(action: number, flags: number, listLength: number): Uint8Array<ArrayBuffer> {
  const cdb = new Uint8Array(16);
  cdb.set([0x48, flags | action]);
  new DataView(cdb.buffer).setUint16(7, listLength);
  return cdb;
}

export const overwrite = (listLength: number, flags = 0) => sanitize(0x01, flags, listLength);
export const blockErase = (flags = 0, listLength = 0) => sanitize(0x02, flags, listLength);
export const exitFailureMode = (listLength = 0) => sanitize(0x1f, 0, listLength);

/** The parameter list of OVERWRITE: INVERT and OVERWRITE COUNT in one byte, then the pattern. */
export function overwriteList(count: number, pattern: Uint8Array): Uint8Array<ArrayBuffer> {
  const header = Uint8Array.of(count, 0, pattern.length >> 8, pattern.length & 0xff);
  return concatBytes([header, pattern]);
}

/** FORMAT UNIT; `flags` is byte 1: FMTPINFO, LONGLIST 20h, FMTDATA 10h, CMPLST 08h, format. */
export function formatUnit(flags = 0): Uint8Array<ArrayBuffer> {
  const cdb = new Uint8Array(16);
  cdb.set([0x04, flags]);
  return cdb;
}
