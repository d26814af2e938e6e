/** Sense data, fixed and descriptor format (SPC-4 4.5). */

export const SenseKey = {
  NoSense: 0x0,
  RecoveredError: 0x1,
  NotReady: 0x2,
  MediumError: 0x3,
  HardwareError: 0x4,
  IllegalRequest: 0x5,
  UnitAttention: 0x6,
  DataProtect: 0x7,
  AbortedCommand: 0xb,
  Miscompare: 0xe,
} as const;

export interface FieldPointer {
  /** True if the error is in the CDB, false if in the parameter data. */
  readonly inCdb: boolean;
  readonly byte: number;
  /** The most significant bit of the field; absent if BPV is zero. */
  readonly bit?: number;
}

export interface Sense {
  readonly format: "fixed" | "descriptor";
  readonly deferred: boolean;
  readonly key: number;
  readonly asc: number;
  readonly ascq: number;
  readonly information?: number;
  readonly fieldPointer?: FieldPointer;
}

/** Sense-key specific bytes of an ILLEGAL REQUEST (SPC-4 4.5.2.4.2). */
function parseFieldPointer(view: DataView, offset: number): FieldPointer | undefined {
  const first = view.getUint8(offset);
  if ((first & 0x80) === 0) return undefined;
  const pointer = { inCdb: (first & 0x40) !== 0, byte: view.getUint16(offset + 1) };
  return (first & 0x08) === 0 ? pointer : { ...pointer, bit: first & 7 };
}

function parseFixed(view: DataView): Sense {
  if (view.byteLength < 14) throw new RangeError(`Fixed sense of ${view.byteLength} bytes`);
  if (view.byteLength > 8 + view.getUint8(7)) {
    throw new RangeError("Fixed sense has a wrong length");
  }
  const key = view.getUint8(2) & 0xf;
  const pointer = key === SenseKey.IllegalRequest && view.byteLength >= 18
    ? parseFieldPointer(view, 15)
    : undefined;
  return {
    format: "fixed",
    deferred: (view.getUint8(0) & 1) !== 0,
    key,
    asc: view.getUint8(12),
    ascq: view.getUint8(13),
    ...(view.getUint8(0) & 0x80 ? { information: view.getUint32(3) } : {}),
    ...(pointer === undefined ? {} : { fieldPointer: pointer }),
  };
}

function parseDescriptor(view: DataView): Sense {
  const end = 8 + view.getUint8(7);
  if (view.byteLength < end) throw new RangeError("Descriptor sense is cut off");
  let information: number | undefined;
  let fieldPointer: FieldPointer | undefined;
  for (let at = 8; at + 2 <= end; at += 2 + view.getUint8(at + 1)) {
    const type = view.getUint8(at);
    if (type === 0x00 && view.getUint8(at + 2) & 0x80) {
      information = Number(view.getBigUint64(at + 4));
    }
    if (type === 0x02) fieldPointer = parseFieldPointer(view, at + 4);
  }
  return {
    format: "descriptor",
    deferred: (view.getUint8(0) & 1) !== 0,
    key: view.getUint8(1) & 0xf,
    asc: view.getUint8(2),
    ascq: view.getUint8(3),
    ...(information === undefined ? {} : { information }),
    ...(fieldPointer === undefined ? {} : { fieldPointer }),
  };
}

/**
 * Parses sense data as it stands in REQUEST SENSE's parameter data.
 *
 * @throws RangeError if the format is unknown or the data is cut off
 */
export function parseSense(bytes: Uint8Array): Sense {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 8) throw new RangeError(`Sense data has ${bytes.length} bytes`);
  const code = view.getUint8(0) & 0x7f;
  if (code === 0x70 || code === 0x71) return parseFixed(view);
  if (code === 0x72 || code === 0x73) return parseDescriptor(view);
  throw new RangeError(`Sense response code is 0x${code.toString(16)}`);
}

/** Takes the sense out of a SCSI Response's data segment: two bytes of length, then sense (RFC 7143 11.4.7). */
export function parseResponseSense(data: Uint8Array): Sense | undefined {
  if (data.length < 2) return undefined;
  const length = (data[0] ?? 0) << 8 | (data[1] ?? 0);
  if (length > data.length - 2) throw new RangeError("SenseLength is beyond the data segment");
  return length === 0 ? undefined : parseSense(data.subarray(2, 2 + length));
}

/** `05/21/00`, as SPC writes it. */
export function senseText(sense: Sense | undefined): string {
  if (sense === undefined) return "none";
  return [sense.key, sense.asc, sense.ascq]
    .map((byte) => byte.toString(16).padStart(2, "0").toUpperCase()).join("/");
}
