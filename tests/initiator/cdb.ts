/** Command descriptor blocks (SPC-4 6, SBC-3 5). Lengths are in blocks or bytes as the standard has them. */

/** Operation codes. */
export const Op = {
  TestUnitReady: 0x00,
  RequestSense: 0x03,
  Read6: 0x08,
  Write6: 0x0a,
  Inquiry: 0x12,
  ModeSelect6: 0x15,
  ModeSense6: 0x1a,
  StartStopUnit: 0x1b,
  ReceiveDiagnosticResults: 0x1c,
  SendDiagnostic: 0x1d,
  PreventAllowMediumRemoval: 0x1e,
  ReadCapacity10: 0x25,
  Read10: 0x28,
  Write10: 0x2a,
  Verify10: 0x2f,
  Prefetch10: 0x34,
  SynchronizeCache10: 0x35,
  ReadDefectData10: 0x37,
  WriteSame10: 0x41,
  Unmap: 0x42,
  LogSelect: 0x4c,
  LogSense: 0x4d,
  ModeSelect10: 0x55,
  ModeSense10: 0x5a,
  Read16: 0x88,
  CompareAndWrite: 0x89,
  Write16: 0x8a,
  OrWrite16: 0x8b,
  Verify16: 0x8f,
  Prefetch16: 0x90,
  SynchronizeCache16: 0x91,
  WriteSame16: 0x93,
  WriteAtomic16: 0x9c,
  ServiceActionIn16: 0x9e,
  ReportLuns: 0xa0,
  MaintenanceIn: 0xa3,
  MaintenanceOut: 0xa4,
  Read12: 0xa8,
  Write12: 0xaa,
  Verify12: 0xaf,
  ReadDefectData12: 0xb7,
} as const;

/** A CDB of sixteen bytes, the rest zero, from bytes and fields at offsets. */
export function build(op: number, fill: (view: DataView) => void): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(16);
  bytes[0] = op;
  fill(new DataView(bytes.buffer));
  return bytes;
}

export function testUnitReady(): Uint8Array<ArrayBuffer> {
  return build(Op.TestUnitReady, () => {});
}

export function requestSense(length: number, descriptor = false): Uint8Array<ArrayBuffer> {
  return build(Op.RequestSense, (cdb) => {
    cdb.setUint8(1, descriptor ? 1 : 0);
    cdb.setUint8(4, length);
  });
}

/** INQUIRY; with a page number the vital product data page. */
export function inquiry(length: number, page?: number): Uint8Array<ArrayBuffer> {
  return build(Op.Inquiry, (cdb) => {
    cdb.setUint8(1, page === undefined ? 0 : 1);
    cdb.setUint8(2, page ?? 0);
    cdb.setUint16(3, length);
  });
}

export function modeSense6(page: number, length: number, options: ModeSenseOptions = {}) {
  return build(Op.ModeSense6, (cdb) => {
    cdb.setUint8(1, options.disableBlockDescriptors === true ? 0x08 : 0);
    cdb.setUint8(2, (options.control ?? 0) << 6 | page);
    cdb.setUint8(3, options.subpage ?? 0);
    cdb.setUint8(4, length);
  });
}

export function modeSense10(page: number, length: number, options: ModeSenseOptions = {}) {
  return build(Op.ModeSense10, (cdb) => {
    cdb.setUint8(
      1,
      (options.disableBlockDescriptors === true ? 0x08 : 0) |
        (options.longLba === true ? 0x10 : 0),
    );
    cdb.setUint8(2, (options.control ?? 0) << 6 | page);
    cdb.setUint8(3, options.subpage ?? 0);
    cdb.setUint16(7, length);
  });
}

export interface ModeSenseOptions {
  /** PC: 0 current, 1 changeable, 2 default, 3 saved. */
  readonly control?: number;
  readonly subpage?: number;
  readonly disableBlockDescriptors?: boolean;
  readonly longLba?: boolean;
}

const PF = 0x10;

/** MODE SELECT; `flags` is byte 1: PF 10h, SP 01h. */
export function modeSelect6(length: number, flags = PF) {
  return build(Op.ModeSelect6, (cdb) => {
    cdb.setUint8(1, flags);
    cdb.setUint8(4, length);
  });
}

export function modeSelect10(length: number, flags = PF) {
  return build(Op.ModeSelect10, (cdb) => {
    cdb.setUint8(1, flags);
    cdb.setUint16(7, length);
  });
}

export interface LogOptions {
  readonly subpage?: number;
  /** PC: 0 threshold, 1 cumulative, 2 default threshold, 3 default cumulative. */
  readonly control?: number;
  /** PARAMETER POINTER. */
  readonly pointer?: number;
}

/** LOG SENSE of the cumulative values, unless `options` say otherwise. */
export function logSense(page: number, length: number, options: LogOptions = {}) {
  return build(Op.LogSense, (cdb) => {
    cdb.setUint8(2, (options.control ?? 1) << 6 | page);
    cdb.setUint8(3, options.subpage ?? 0);
    cdb.setUint16(5, options.pointer ?? 0);
    cdb.setUint16(7, length);
  });
}

/** LOG SELECT without parameters; `flags` is byte 1: PCR 02h. */
export function logSelect(page: number, flags: number, options: LogOptions = {}) {
  return build(Op.LogSelect, (cdb) => {
    cdb.setUint8(1, flags);
    cdb.setUint8(2, (options.control ?? 1) << 6 | page);
    cdb.setUint8(3, options.subpage ?? 0);
  });
}

/** SEND DIAGNOSTIC; `flags` is byte 1: SELF-TEST CODE E0h, PF 10h, SELFTEST 04h, DEVOFFL 02h, UNITOFFL 01h. */
export function sendDiagnostic(flags: number, length = 0) {
  return build(Op.SendDiagnostic, (cdb) => {
    cdb.setUint8(1, flags);
    cdb.setUint16(3, length);
  });
}

/** RECEIVE DIAGNOSTIC RESULTS; without a page those of the last SEND DIAGNOSTIC. */
export function receiveDiagnosticResults(length: number, page?: number) {
  return build(Op.ReceiveDiagnosticResults, (cdb) => {
    cdb.setUint8(1, page === undefined ? 0 : 1);
    cdb.setUint8(2, page ?? 0);
    cdb.setUint16(3, length);
  });
}

export interface StartStopOptions {
  readonly immediate?: boolean;
  readonly powerCondition?: number;
  readonly noFlush?: boolean;
  readonly loadOrEject?: boolean;
  readonly start?: boolean;
}

export function startStopUnit(options: StartStopOptions) {
  return build(Op.StartStopUnit, (cdb) => {
    cdb.setUint8(1, options.immediate === true ? 1 : 0);
    const flags = (options.noFlush === true ? 4 : 0) | (options.loadOrEject === true ? 2 : 0) |
      (options.start === true ? 1 : 0);
    cdb.setUint8(4, (options.powerCondition ?? 0) << 4 | flags);
  });
}

/** PREVENT ALLOW MEDIUM REMOVAL; `prevent` is 0 to 3. */
export function preventRemoval(prevent: number) {
  return build(Op.PreventAllowMediumRemoval, (cdb) => cdb.setUint8(4, prevent));
}

export function reportLuns(length: number, select = 0): Uint8Array<ArrayBuffer> {
  return build(Op.ReportLuns, (cdb) => {
    cdb.setUint8(2, select);
    cdb.setUint32(6, length);
  });
}

export function readCapacity10(): Uint8Array<ArrayBuffer> {
  return build(Op.ReadCapacity10, () => {});
}

export function readCapacity16(length: number): Uint8Array<ArrayBuffer> {
  return build(Op.ServiceActionIn16, (cdb) => {
    cdb.setUint8(1, 0x10);
    cdb.setUint32(10, length);
  });
}

/** READ(6) and WRITE(6): 21 bits of LBA, and a length of 0 means 256 (SBC-3 5.10). */
function transfer6(op: number, lba: number, blocks: number): Uint8Array<ArrayBuffer> {
  return build(op, (cdb) => {
    cdb.setUint32(0, (op << 24 | lba & 0x1fffff) >>> 0);
    cdb.setUint8(4, blocks);
  });
}

function transfer10(op: number, lba: number, blocks: number, flags: number) {
  return build(op, (cdb) => {
    cdb.setUint8(1, flags);
    cdb.setUint32(2, lba);
    cdb.setUint16(7, blocks);
  });
}

function transfer12(op: number, lba: number, blocks: number, flags: number) {
  return build(op, (cdb) => {
    cdb.setUint8(1, flags);
    cdb.setUint32(2, lba);
    cdb.setUint32(6, blocks);
  });
}

function transfer16(op: number, lba: number | bigint, blocks: number, flags: number) {
  return build(op, (cdb) => {
    cdb.setUint8(1, flags);
    cdb.setBigUint64(2, BigInt(lba));
    cdb.setUint32(10, blocks);
  });
}

export const read6 = (lba: number, blocks: number) => transfer6(Op.Read6, lba, blocks);
export const write6 = (lba: number, blocks: number) => transfer6(Op.Write6, lba, blocks);
/** `flags` is byte 1: RDPROTECT or WRPROTECT, DPO 10h, FUA 08h; in VERIFY BYTCHK 06h. */
export const read10 = (lba: number, blocks: number, flags = 0) =>
  transfer10(Op.Read10, lba, blocks, flags);
export const write10 = (lba: number, blocks: number, flags = 0) =>
  transfer10(Op.Write10, lba, blocks, flags);
export const verify10 = (lba: number, blocks: number, flags = 0) =>
  transfer10(Op.Verify10, lba, blocks, flags);
export const synchronizeCache10 = (lba: number, blocks: number, flags = 0) =>
  transfer10(Op.SynchronizeCache10, lba, blocks, flags);
/** In WRITE SAME flags are ANCHOR 10h, UNMAP 08h and, with 16 bytes, NDOB 01h. */
export const writeSame10 = (lba: number, blocks: number, flags = 0) =>
  transfer10(Op.WriteSame10, lba, blocks, flags);
export const read12 = (lba: number, blocks: number, flags = 0) =>
  transfer12(Op.Read12, lba, blocks, flags);
export const write12 = (lba: number, blocks: number, flags = 0) =>
  transfer12(Op.Write12, lba, blocks, flags);
export const verify12 = (lba: number, blocks: number, flags = 0) =>
  transfer12(Op.Verify12, lba, blocks, flags);
export const read16 = (lba: number | bigint, blocks: number, flags = 0) =>
  transfer16(Op.Read16, lba, blocks, flags);
export const write16 = (lba: number | bigint, blocks: number, flags = 0) =>
  transfer16(Op.Write16, lba, blocks, flags);
export const verify16 = (lba: number | bigint, blocks: number, flags = 0) =>
  transfer16(Op.Verify16, lba, blocks, flags);
export const synchronizeCache16 = (lba: number | bigint, blocks: number, flags = 0) =>
  transfer16(Op.SynchronizeCache16, lba, blocks, flags);
export const writeSame16 = (lba: number | bigint, blocks: number, flags = 0) =>
  transfer16(Op.WriteSame16, lba, blocks, flags);

/** COMPARE AND WRITE; its data is what is expected, then what is to be written. */
export const compareAndWrite = (lba: number | bigint, blocks: number, flags = 0) =>
  transfer16(Op.CompareAndWrite, lba, blocks, flags);
export const orWrite16 = (lba: number | bigint, blocks: number, flags = 0) =>
  transfer16(Op.OrWrite16, lba, blocks, flags);
export const writeAtomic16 = (lba: number | bigint, blocks: number, flags = 0) =>
  transfer16(Op.WriteAtomic16, lba, blocks, flags);
/** In PRE-FETCH flags are IMMED 02h. */
export const prefetch10 = (lba: number, blocks: number, flags = 0) =>
  transfer10(Op.Prefetch10, lba, blocks, flags);
export const prefetch16 = (lba: number | bigint, blocks: number, flags = 0) =>
  transfer16(Op.Prefetch16, lba, blocks, flags);

export function getLbaStatus16(lba: number | bigint, length: number): Uint8Array<ArrayBuffer> {
  return transfer16(Op.ServiceActionIn16, lba, length, 0x12);
}

/** `lists` is REQ_PLIST 10h, REQ_GLIST 08h and DEFECT LIST FORMAT. */
export function readDefectData10(lists: number, length: number): Uint8Array<ArrayBuffer> {
  return build(Op.ReadDefectData10, (cdb) => {
    cdb.setUint8(2, lists);
    cdb.setUint16(7, length);
  });
}

export function readDefectData12(lists: number, length: number): Uint8Array<ArrayBuffer> {
  return build(Op.ReadDefectData12, (cdb) => {
    cdb.setUint8(1, lists);
    cdb.setUint32(6, length);
  });
}

/** UNMAP; its parameter list is made by {@linkcode unmapList}. */
export function unmap(listLength: number, flags = 0): Uint8Array<ArrayBuffer> {
  return build(Op.Unmap, (cdb) => {
    cdb.setUint8(1, flags);
    cdb.setUint16(7, listLength);
  });
}

/** UNMAP parameter list (SBC-3 5.28.2). */
export function unmapList(
  ranges: readonly { readonly lba: number | bigint; readonly blocks: number }[],
): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(8 + 16 * ranges.length);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, bytes.length - 2);
  view.setUint16(2, bytes.length - 8);
  for (const [index, { lba, blocks }] of ranges.entries()) {
    view.setBigUint64(8 + 16 * index, BigInt(lba));
    view.setUint32(16 + 16 * index, blocks);
  }
  return bytes;
}

/** MAINTENANCE IN or OUT with a length; `before` is byte 2, `behind` byte 10. */
function maintenance(op: number, action: number, length: number, before = 0, behind = 0) {
  return build(op, (cdb) => {
    cdb.setUint8(1, action);
    cdb.setUint8(2, before);
    cdb.setUint32(6, length);
    cdb.setUint8(10, behind);
  });
}

/** REPORT SUPPORTED TASK MANAGEMENT FUNCTIONS, with extended parameter data if `extended` (REPD). */
export const reportTmfs = (length: number, extended = false) =>
  maintenance(Op.MaintenanceIn, 0x0d, length, extended ? 0x80 : 0);
/** `type` is INFORMATION TYPE: 0 the device, 2 text, 127 which types there are. */
export const reportInformation = (length: number, type: number) =>
  maintenance(Op.MaintenanceIn, 0x05, length, 0, type << 1);
export const setInformation = (length: number, type: number) =>
  maintenance(Op.MaintenanceOut, 0x06, length, 0, type << 1);
export const reportTimestamp = (length: number) => maintenance(Op.MaintenanceIn, 0x0f, length);
export const setTimestamp = (length: number) => maintenance(Op.MaintenanceOut, 0x0f, length);

export interface OpcodeQuery {
  /** 0 all, 1 one opcode, 2 one service action, 3 either (SPC-4 6.35). */
  readonly reporting: number;
  readonly opcode?: number;
  readonly serviceAction?: number;
  readonly timeouts?: boolean;
}

/** REPORT SUPPORTED OPERATION CODES. */
export function reportOpcodes(length: number, query: OpcodeQuery): Uint8Array<ArrayBuffer> {
  return build(Op.MaintenanceIn, (cdb) => {
    cdb.setUint8(1, 0x0c);
    cdb.setUint8(2, (query.timeouts === true ? 0x80 : 0) | query.reporting);
    cdb.setUint8(3, query.opcode ?? 0);
    cdb.setUint16(4, query.serviceAction ?? 0);
    cdb.setUint32(6, length);
  });
}
