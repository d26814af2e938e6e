/** Parameter lists of POPULATE TOKEN and WRITE USING TOKEN (SBC-3 5.16, 5.62). */
import { concatBytes } from "../initiator/bytes.ts";

/** First block, and number of blocks. */
export type Range = readonly [lba: number | bigint, blocks: number];

function rangeDescriptor([lba, blocks]: Range): Uint8Array {
  const view = new DataView(new ArrayBuffer(16));
  view.setBigUint64(0, BigInt(lba));
  view.setUint32(8, blocks);
  return new Uint8Array(view.buffer);
}

/** A header of `length` bytes with both lengths, and the ranges behind it. */
function withRanges(header: DataView<ArrayBuffer>, ranges: readonly Range[]): Uint8Array {
  header.setUint16(header.byteLength - 2, ranges.length * 16);
  header.setUint16(0, header.byteLength - 2 + ranges.length * 16);
  return concatBytes([new Uint8Array(header.buffer), ...ranges.map(rangeDescriptor)]);
}

export interface PopulateFields {
  /** INACTIVITY TIMEOUT in seconds. */
  readonly timeout?: number;
  /** ROD TYPE, which RTV says is meant. */
  readonly type?: number;
}

export function populateList(ranges: readonly Range[], fields: PopulateFields = {}): Uint8Array {
  const header = new DataView(new ArrayBuffer(16));
  if (fields.type !== undefined) header.setUint8(2, 0x02);
  header.setUint32(4, fields.timeout ?? 0);
  header.setUint32(8, fields.type ?? 0);
  return withRanges(header, ranges);
}

export interface WriteTokenFields {
  /** Byte 2: IMMED, DEL_TKN. */
  readonly flags?: number;
  /** OFFSET INTO ROD in blocks. */
  readonly offset?: number;
}

export function writeTokenList(
  token: Uint8Array,
  ranges: readonly Range[],
  fields: WriteTokenFields = {},
): Uint8Array {
  const header = new DataView(new ArrayBuffer(536));
  header.setUint8(2, fields.flags ?? 0);
  header.setBigUint64(8, BigInt(fields.offset ?? 0));
  new Uint8Array(header.buffer).set(token.subarray(0, 512), 16);
  return withRanges(header, ranges);
}

/** The well-known token for zeros (SBC-3 4.28.4). */
export function zeroToken(): Uint8Array {
  const view = new DataView(new ArrayBuffer(512));
  view.setUint32(0, 0xffff0001);
  view.setUint16(6, 0x01f8);
  return new Uint8Array(view.buffer);
}

/** The CDB of POPULATE TOKEN (10h) or WRITE USING TOKEN (11h). */
export function rodCdb(action: number, length: number, listId: number): Uint8Array {
  const view = new DataView(new ArrayBuffer(16));
  view.setUint8(0, 0x83);
  view.setUint8(1, action);
  view.setUint32(6, listId);
  view.setUint32(10, length);
  return new Uint8Array(view.buffer);
}

/** The CDB of RECEIVE ROD TOKEN INFORMATION. */
export function rodInformationCdb(length: number, listId: number): Uint8Array {
  const view = new DataView(new ArrayBuffer(16));
  view.setUint8(0, 0x84);
  view.setUint8(1, 0x07);
  view.setUint32(2, listId);
  view.setUint32(10, length);
  return new Uint8Array(view.buffer);
}
