/** iSCSI PDUs as bytes: the basic header segment, additional headers and data (RFC 7143 11). */
import { crc32c } from "./crc32c.ts";

/** Length of the basic header segment (RFC 7143 11.2). */
export const BHS_LENGTH = 48;
/** The tag that means "no tag" (RFC 7143 11.2.1.8, 11.3.1). */
export const NO_TAG = 0xffffffff;

/** RFC 7143 11.2.1.2. */
export const Opcode = {
  NopOut: 0x00,
  ScsiCommand: 0x01,
  TaskManagementRequest: 0x02,
  LoginRequest: 0x03,
  TextRequest: 0x04,
  DataOut: 0x05,
  LogoutRequest: 0x06,
  SnackRequest: 0x10,
  NopIn: 0x20,
  ScsiResponse: 0x21,
  TaskManagementResponse: 0x22,
  LoginResponse: 0x23,
  TextResponse: 0x24,
  DataIn: 0x25,
  LogoutResponse: 0x26,
  R2T: 0x31,
  AsyncMessage: 0x32,
  Reject: 0x3f,
} as const;

/** The immediate delivery bit in the opcode byte (RFC 7143 11.2.1.1). */
export const IMMEDIATE = 0x40;
/** The final bit in the flags byte (RFC 7143 11.2.1.3); T in a login (11.12.1). */
export const FINAL = 0x80;

/** Byte offsets in the basic header segment; one name may mean different things in different PDUs. */
export const Field = {
  opcode: 0,
  flags: 1,
  /** Login: highest version; SCSI Response, TMF and Logout responses: response; Reject: reason. */
  response: 2,
  versionMin: 3,
  status: 3,
  totalAhsLength: 4,
  dataSegmentLength: 5,
  lun: 8,
  isid: 8,
  tsih: 14,
  itt: 16,
  cid: 20,
  expectedLength: 20,
  referencedTag: 20,
  ttt: 20,
  cmdSn: 24,
  statSn: 24,
  expStatSn: 28,
  expCmdSn: 28,
  cdb: 32,
  maxCmdSn: 32,
  refCmdSn: 32,
  dataSn: 36,
  expDataSn: 36,
  r2tSn: 36,
  statusClass: 36,
  statusDetail: 37,
  asyncEvent: 36,
  bufferOffset: 40,
  begRun: 40,
  time2Wait: 40,
  time2Retain: 42,
  desiredLength: 44,
  residual: 44,
  runLength: 44,
} as const;

/** Which digests the PDUs of a connection have (RFC 7143 13.1). */
export interface Digests {
  readonly header: boolean;
  readonly data: boolean;
}

export const NO_DIGESTS: Digests = { header: false, data: false };

/** Bytes of a digest. */
export const DIGEST_LENGTH = 4;

/** Overrides for the length fields, to send PDUs that lie about themselves. */
export interface Lengths {
  /** In bytes. */
  readonly dataSegmentLength?: number;
  /** In words of four bytes. */
  readonly totalAhsLength?: number;
}

/** Rounds up to the four-byte boundary of RFC 7143 11.1. */
export function padded(length: number): number {
  return (length + 3) & ~3;
}

/** A digest is not that of the bytes in front of it. */
export class DigestError extends Error {
  override readonly name = "DigestError";
}

/** The digest of `bytes` as it goes out (RFC 7143 A.4). */
export function digestOf(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const digest = new Uint8Array(DIGEST_LENGTH);
  new DataView(digest.buffer).setUint32(0, crc32c(bytes), true);
  return digest;
}

/** One PDU. The length fields are written by {@linkcode Pdu.encode}. */
export class Pdu {
  readonly header: Uint8Array<ArrayBuffer>;
  readonly data: Uint8Array;
  readonly ahs: Uint8Array;
  readonly #view: DataView;

  constructor(
    header: Uint8Array<ArrayBuffer> = new Uint8Array(BHS_LENGTH),
    data: Uint8Array = new Uint8Array(),
    ahs: Uint8Array = new Uint8Array(),
  ) {
    if (header.length !== BHS_LENGTH) {
      throw new RangeError(`Header must be ${BHS_LENGTH} bytes: it is ${header.length}`);
    }
    this.header = header;
    this.data = data;
    this.ahs = ahs;
    this.#view = new DataView(header.buffer, header.byteOffset, BHS_LENGTH);
  }

  get opcode(): number {
    return this.u8(Field.opcode) & 0x3f;
  }

  get flags(): number {
    return this.u8(Field.flags);
  }

  get final(): boolean {
    return (this.flags & FINAL) !== 0;
  }

  get itt(): number {
    return this.u32(Field.itt);
  }

  u8(offset: number): number {
    return this.#view.getUint8(offset);
  }

  u16(offset: number): number {
    return this.#view.getUint16(offset);
  }

  u32(offset: number): number {
    return this.#view.getUint32(offset);
  }

  put8(offset: number, value: number): this {
    this.#view.setUint8(offset, value);
    return this;
  }

  put16(offset: number, value: number): this {
    this.#view.setUint16(offset, value);
    return this;
  }

  put32(offset: number, value: number): this {
    this.#view.setUint32(offset, value);
    return this;
  }

  putBytes(offset: number, bytes: Uint8Array): this {
    this.header.set(bytes, offset);
    return this;
  }

  /** The bytes on the wire: header, additional headers, padded data, each with its digest. */
  encode(lengths: Lengths = {}, digests: Digests = NO_DIGESTS): Uint8Array<ArrayBuffer> {
    const dataLength = lengths.dataSegmentLength ?? this.data.length;
    const headerEnd = BHS_LENGTH + padded(this.ahs.length);
    const dataStart = headerEnd + (digests.header ? DIGEST_LENGTH : 0);
    const dataEnd = dataStart + padded(this.data.length);
    const hasDataDigest = digests.data && this.data.length > 0;
    const bytes = new Uint8Array(dataEnd + (hasDataDigest ? DIGEST_LENGTH : 0));
    bytes.set(this.header);
    bytes.set(this.ahs, BHS_LENGTH);
    bytes.set(this.data, dataStart);
    bytes[Field.totalAhsLength] = lengths.totalAhsLength ?? padded(this.ahs.length) / 4;
    bytes[Field.dataSegmentLength] = dataLength >>> 16;
    bytes[Field.dataSegmentLength + 1] = dataLength >>> 8;
    bytes[Field.dataSegmentLength + 2] = dataLength;
    if (digests.header) bytes.set(digestOf(bytes.subarray(0, headerEnd)), headerEnd);
    if (hasDataDigest) bytes.set(digestOf(bytes.subarray(dataStart, dataEnd)), dataEnd);
    return bytes;
  }
}

/** Where the parts of the PDU at the start of `bytes`, which holds its header, begin and end. */
function partsOf(bytes: Uint8Array, digests: Digests) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, BHS_LENGTH);
  const dataLength = view.getUint32(Field.totalAhsLength) & 0xffffff;
  const headerEnd = BHS_LENGTH + view.getUint8(Field.totalAhsLength) * 4;
  const dataStart = headerEnd + (digests.header ? DIGEST_LENGTH : 0);
  const padEnd = dataStart + padded(dataLength);
  const end = padEnd + (digests.data && dataLength > 0 ? DIGEST_LENGTH : 0);
  return { headerEnd, dataStart, dataEnd: dataStart + dataLength, padEnd, end };
}

/** The whole length in bytes that a header announces, or undefined if `bytes` is shorter than a header. */
export function announcedLength(
  bytes: Uint8Array,
  digests: Digests = NO_DIGESTS,
): number | undefined {
  return bytes.length < BHS_LENGTH ? undefined : partsOf(bytes, digests).end;
}

/**
 * Decodes the PDU at the start of `bytes`, which must hold all of it; the result is a copy.
 *
 * @throws DigestError if a digest is not that of the bytes in front of it
 */
export function decodePdu(bytes: Uint8Array, digests: Digests = NO_DIGESTS): Pdu {
  const { headerEnd, dataStart, dataEnd, padEnd, end } = partsOf(bytes, digests);
  const pdu = new Pdu(
    bytes.slice(0, BHS_LENGTH),
    bytes.slice(dataStart, dataEnd),
    bytes.slice(BHS_LENGTH, headerEnd),
  );
  const check = (what: string, covered: Uint8Array, found: Uint8Array) => {
    if (found.length === 0 || digestOf(covered).every((byte, at) => byte === found[at])) return;
    throw new DigestError(`${opcodeName(pdu.opcode)} has a wrong ${what} digest`);
  };
  check("header", bytes.subarray(0, headerEnd), bytes.subarray(headerEnd, dataStart));
  check("data", bytes.subarray(dataStart, padEnd), bytes.subarray(padEnd, end));
  return pdu;
}

/** The name of an opcode for messages, or its number. */
export function opcodeName(opcode: number): string {
  for (const [name, value] of Object.entries(Opcode)) if (value === opcode) return name;
  return `opcode 0x${opcode.toString(16)}`;
}
