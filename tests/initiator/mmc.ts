/** Command descriptor blocks of drives for CDs (MMC-6). Lengths are in blocks or bytes as the standard has them. */
import { build } from "./cdb.ts";

/** Operation codes. */
export const MmcOp = {
  ReadToc: 0x43,
  GetConfiguration: 0x46,
  GetEventStatus: 0x4a,
  ReadDiscInformation: 0x51,
  ReadTrackInformation: 0x52,
  ReadDiscStructure: 0xad,
  ReadCdMsf: 0xb9,
  SetCdSpeed: 0xbb,
  MechanismStatus: 0xbd,
  ReadCd: 0xbe,
} as const;

export interface TocOptions {
  /** FORMAT: 0 TOC, 1 sessions, 2 full TOC. */
  readonly format?: number;
  /** Addresses as minute, second, frame. */
  readonly msf?: boolean;
  /** TRACK/SESSION NUMBER. */
  readonly number?: number;
  /** The two upper bits of CONTROL, where SFF-8020i has the format. */
  readonly oldFormat?: number;
}

export function readToc(length: number, options: TocOptions = {}) {
  return build(MmcOp.ReadToc, (cdb) => {
    cdb.setUint8(1, options.msf === true ? 0x02 : 0);
    cdb.setUint8(2, options.format ?? 0);
    cdb.setUint8(6, options.number ?? 0);
    cdb.setUint16(7, length);
    cdb.setUint8(9, (options.oldFormat ?? 0) << 6);
  });
}

/** GET CONFIGURATION; `type` is RT: 0 all features, 1 the current ones, 2 the one at `first`. */
export function getConfiguration(length: number, type = 0, first = 0) {
  return build(MmcOp.GetConfiguration, (cdb) => {
    cdb.setUint8(1, type);
    cdb.setUint16(2, first);
    cdb.setUint16(7, length);
  });
}

/** GET EVENT STATUS NOTIFICATION; `classes` is NOTIFICATION CLASS REQUEST: a bit for each. */
export function getEventStatus(length: number, classes: number, polled = true) {
  return build(MmcOp.GetEventStatus, (cdb) => {
    cdb.setUint8(1, polled ? 1 : 0);
    cdb.setUint8(4, classes);
    cdb.setUint16(7, length);
  });
}

export function readDiscInformation(length: number, type = 0) {
  return build(MmcOp.ReadDiscInformation, (cdb) => {
    cdb.setUint8(1, type);
    cdb.setUint16(7, length);
  });
}

/** READ TRACK INFORMATION; `by` is 0 for an LBA, 1 for a track number, 2 for a session number. */
export function readTrackInformation(length: number, by: number, address: number) {
  return build(MmcOp.ReadTrackInformation, (cdb) => {
    cdb.setUint8(1, by);
    cdb.setUint32(2, address);
    cdb.setUint16(7, length);
  });
}

export interface StructureOptions {
  /** MEDIA TYPE: 0 DVD, 1 BD. */
  readonly media?: number;
  readonly layer?: number;
}

export function readDiscStructure(length: number, format: number, options: StructureOptions = {}) {
  return build(MmcOp.ReadDiscStructure, (cdb) => {
    cdb.setUint8(1, options.media ?? 0);
    cdb.setUint8(6, options.layer ?? 0);
    cdb.setUint8(7, format);
    cdb.setUint16(8, length);
  });
}

export function mechanismStatus(length: number) {
  return build(MmcOp.MechanismStatus, (cdb) => cdb.setUint16(8, length));
}

export function setCdSpeed(read: number, write: number) {
  return build(MmcOp.SetCdSpeed, (cdb) => {
    cdb.setUint16(2, read);
    cdb.setUint16(4, write);
  });
}

export interface ReadCdOptions {
  /** EXPECTED SECTOR TYPE. */
  readonly type?: number;
  /** Byte 9: what of the main channel; the user data where nothing is said. */
  readonly main?: number;
  /** Byte 10: what of the sub-channel. */
  readonly sub?: number;
}

function putSelection(cdb: DataView, options: ReadCdOptions): void {
  cdb.setUint8(1, (options.type ?? 0) << 2);
  cdb.setUint8(9, options.main ?? 0x10);
  cdb.setUint8(10, options.sub ?? 0);
}

export function readCd(lba: number, blocks: number, options: ReadCdOptions = {}) {
  return build(MmcOp.ReadCd, (cdb) => {
    cdb.setUint32(2, lba);
    cdb.setUint32(6, blocks << 8);
    putSelection(cdb, options);
  });
}

type Msf = readonly [minute: number, second: number, frame: number];

/** READ CD MSF: from `start` up to, and not with, `end`. */
export function readCdMsf(start: Msf, end: Msf, options: ReadCdOptions = {}) {
  return build(MmcOp.ReadCdMsf, (cdb) => {
    [...start, ...end].forEach((value, index) => cdb.setUint8(3 + index, value));
    putSelection(cdb, options);
  });
}
