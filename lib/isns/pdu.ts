/** The header of an iSNSP PDU (RFC 4171 5.1). */
import { IsnsFormatError } from "./attribute.ts";

export const HEADER_LENGTH = 12;
/** The PDU LENGTH field can say no more in steps of four (5.1.3). */
export const PAYLOAD_MOST = 0xfffc;

const VERSION = 1;

/** Offsets of the fields, each of two bytes. */
const Field = {
  version: 0,
  functionId: 2,
  length: 4,
  flags: 6,
  transactionId: 8,
  sequenceId: 10,
} as const;

/** FLAGS (5.1.4). */
export const Flag = {
  CLIENT: 0x8000,
  SERVER: 0x4000,
  AUTHENTICATION: 0x2000,
  REPLACE: 0x1000,
  LAST_PDU: 0x0800,
  FIRST_PDU: 0x0400,
} as const;

export interface PduHeader {
  readonly functionId: number;
  /** Bytes of the payload. */
  readonly length: number;
  readonly flags: number;
  readonly transactionId: number;
  readonly sequenceId: number;
}

export function writeHeader(view: DataView, header: PduHeader): void {
  view.setUint16(Field.version, VERSION);
  view.setUint16(Field.functionId, header.functionId);
  view.setUint16(Field.length, header.length);
  view.setUint16(Field.flags, header.flags);
  view.setUint16(Field.transactionId, header.transactionId);
  view.setUint16(Field.sequenceId, header.sequenceId);
}

/**
 * Reads the header of a PDU that a server sends. Throws IsnsFormatError. Open-iSNS calls itself a
 * client where it is the one that asks, so that either of the two flags does.
 */
export function readHeader(view: DataView): PduHeader {
  const version = view.getUint16(Field.version);
  if (version !== VERSION) throw new IsnsFormatError(`iSNSP version ${version} instead of 1`);
  const length = view.getUint16(Field.length);
  if (length % 4 !== 0) {
    throw new IsnsFormatError(`PDU length of ${length}, a multiple of 4 is allowed`);
  }
  const flags = view.getUint16(Field.flags);
  const sender = flags & (Flag.CLIENT | Flag.SERVER);
  if (sender !== Flag.CLIENT && sender !== Flag.SERVER) {
    throw new IsnsFormatError(`flags ${flags.toString(16).padStart(4, "0")} name no sender`);
  }
  // The block would stand behind the payload; nobody here has a key to look at it.
  if ((flags & Flag.AUTHENTICATION) !== 0) {
    throw new IsnsFormatError("an authentication block, which is not supported");
  }
  return {
    functionId: view.getUint16(Field.functionId),
    length,
    flags,
    transactionId: view.getUint16(Field.transactionId),
    sequenceId: view.getUint16(Field.sequenceId),
  };
}
