/** iSCSI PDUs as bytes: the basic header segment, additional headers and data (RFC 7143 11). */

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

  /** The bytes on the wire: header, additional headers, padded data; without digests. */
  encode(lengths: Lengths = {}): Uint8Array<ArrayBuffer> {
    const dataLength = lengths.dataSegmentLength ?? this.data.length;
    const dataStart = BHS_LENGTH + padded(this.ahs.length);
    const bytes = new Uint8Array(dataStart + padded(this.data.length));
    bytes.set(this.header);
    bytes.set(this.ahs, BHS_LENGTH);
    bytes.set(this.data, dataStart);
    bytes[Field.totalAhsLength] = lengths.totalAhsLength ?? padded(this.ahs.length) / 4;
    bytes[Field.dataSegmentLength] = dataLength >>> 16;
    bytes[Field.dataSegmentLength + 1] = dataLength >>> 8;
    bytes[Field.dataSegmentLength + 2] = dataLength;
    return bytes;
  }
}

/** The whole length in bytes that a header announces, or undefined if `bytes` is shorter than a header. */
export function announcedLength(bytes: Uint8Array): number | undefined {
  if (bytes.length < BHS_LENGTH) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, BHS_LENGTH);
  const ahs = view.getUint8(Field.totalAhsLength) * 4;
  return BHS_LENGTH + ahs + padded(view.getUint32(Field.totalAhsLength) & 0xffffff);
}

/** Decodes the PDU at the start of `bytes`, which must hold all of it; the result is a copy. */
export function decodePdu(bytes: Uint8Array): Pdu {
  const header = bytes.slice(0, BHS_LENGTH);
  const view = new DataView(header.buffer);
  const dataStart = BHS_LENGTH + view.getUint8(Field.totalAhsLength) * 4;
  const dataLength = view.getUint32(Field.totalAhsLength) & 0xffffff;
  return new Pdu(
    header,
    bytes.slice(dataStart, dataStart + dataLength),
    bytes.slice(BHS_LENGTH, dataStart),
  );
}

/** The name of an opcode for messages, or its number. */
export function opcodeName(opcode: number): string {
  for (const [name, value] of Object.entries(Opcode)) if (value === opcode) return name;
  return `opcode 0x${opcode.toString(16)}`;
}
