/** Parameter lists of EXTENDED COPY (SPC-4 6.4), and what can be asked about copies. */
import { concatBytes } from "../initiator/bytes.ts";
import { hexBytes } from "./hex.ts";

const HIGH = 2n ** 32n;

/** Fields of a target descriptor E4h; an NAA designator of a disk with 512-byte blocks. */
export interface TargetFields {
  readonly naaId: string;
  readonly type?: number;
  /** Byte 1: LU ID TYPE, NUL, PERIPHERAL DEVICE TYPE. */
  readonly flags?: number;
  readonly designatorType?: number;
  readonly designatorLength?: number;
  readonly blockLength?: number;
}

export function targetDescriptor(fields: TargetFields): Uint8Array {
  const view = new DataView(new ArrayBuffer(32));
  const designator = hexBytes(fields.naaId);
  view.setUint8(0, fields.type ?? 0xe4);
  view.setUint8(1, fields.flags ?? 0);
  view.setUint8(4, 1); // binary
  view.setUint8(5, fields.designatorType ?? 3);
  view.setUint8(7, fields.designatorLength ?? designator.length);
  new Uint8Array(view.buffer).set(designator, 8);
  view.setUint32(28, fields.blockLength ?? 512);
  return new Uint8Array(view.buffer);
}

/** Fields of a segment descriptor 02h: from the first target to the second, at the beginning. */
export interface SegmentFields {
  readonly blocks: number;
  readonly type?: number;
  /** Byte 1: DC, CAT. */
  readonly flags?: number;
  readonly length?: number;
  readonly from?: number;
  readonly to?: number;
  readonly fromLba?: number | bigint;
  readonly toLba?: number | bigint;
}

export function segmentDescriptor(fields: SegmentFields): Uint8Array {
  const view = new DataView(new ArrayBuffer(28));
  view.setUint8(0, fields.type ?? 2);
  view.setUint8(1, fields.flags ?? 0);
  view.setUint16(2, fields.length ?? 24);
  view.setUint16(4, fields.from ?? 0);
  view.setUint16(6, fields.to ?? 1);
  view.setUint16(10, fields.blocks);
  for (const [at, lba] of [[12, fields.fromLba], [20, fields.toLba]] as const) {
    view.setUint32(at, Number(BigInt(lba ?? 0) / HIGH));
    view.setUint32(at + 4, Number(BigInt(lba ?? 0) % HIGH));
  }
  return new Uint8Array(view.buffer);
}

/** Fields of a parameter list. */
export interface CopyListFields {
  readonly targets: readonly TargetFields[];
  readonly segments: readonly SegmentFields[];
  readonly listId?: number;
  /** LIST ID USAGE. */
  readonly usage?: number;
  readonly inline?: number;
}

export function copyList(fields: CopyListFields): Uint8Array {
  const targets = concatBytes(fields.targets.map(targetDescriptor));
  const segments = concatBytes(fields.segments.map(segmentDescriptor));
  const header = new DataView(new ArrayBuffer(16));
  header.setUint8(0, fields.listId ?? 1);
  header.setUint8(1, (fields.usage ?? 0) << 3);
  header.setUint16(2, targets.length);
  header.setUint32(8, segments.length);
  header.setUint32(12, fields.inline ?? 0);
  return concatBytes([new Uint8Array(header.buffer), targets, segments]);
}

/** The CDB of a third-party copy command with a list of `length` bytes, or room for as many. */
export function copyCdb(code: number, action: number, length: number, listId = 0): Uint8Array {
  const view = new DataView(new ArrayBuffer(16));
  view.setUint8(0, code);
  view.setUint8(1, action);
  view.setUint8(2, listId);
  view.setUint32(10, length);
  return new Uint8Array(view.buffer);
}
