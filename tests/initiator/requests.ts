/** The PDUs that an initiator sends (RFC 7143 11). Every field may be set to anything. */
import { encodeLun } from "./lun.ts";
import { Field, FINAL, IMMEDIATE, NO_TAG, Opcode, Pdu } from "./pdu.ts";

/** Numbers that every request with a CmdSN carries (RFC 7143 11.2.1 and 4.2.2). */
export interface Numbers {
  readonly itt: number;
  readonly cmdSn: number;
  readonly expStatSn: number;
  /** Sets the I bit. */
  readonly immediate?: boolean;
}

function request(opcode: number, numbers: Numbers, data?: Uint8Array, ahs?: Uint8Array): Pdu {
  return new Pdu(undefined, data, ahs)
    .put8(Field.opcode, opcode | (numbers.immediate === true ? IMMEDIATE : 0))
    .put32(Field.itt, numbers.itt)
    .put32(Field.cmdSn, numbers.cmdSn)
    .put32(Field.expStatSn, numbers.expStatSn);
}

/** The R and W bits of a SCSI Command (RFC 7143 11.3.1). */
export const READ = 0x40;
export const WRITE = 0x20;

/** Task attributes (RFC 7143 11.3.1). */
export const TaskAttribute = {
  Untagged: 0,
  Simple: 1,
  Ordered: 2,
  HeadOfQueue: 3,
  Aca: 4,
} as const;

export interface ScsiCommandFields extends Numbers {
  readonly cdb: Uint8Array;
  readonly lun?: number;
  /** F, R, W and ATTR; if not given F and SIMPLE. */
  readonly flags?: number;
  /** Expected Data Transfer Length. */
  readonly expectedLength?: number;
  /** Immediate data. */
  readonly data?: Uint8Array;
  readonly ahs?: Uint8Array;
}

/** SCSI Command (RFC 7143 11.3). */
export function scsiCommand(fields: ScsiCommandFields): Pdu {
  return request(Opcode.ScsiCommand, fields, fields.data, fields.ahs)
    .put8(Field.flags, fields.flags ?? (FINAL | TaskAttribute.Simple))
    .putBytes(Field.lun, encodeLun(fields.lun ?? 0))
    .put32(Field.expectedLength, fields.expectedLength ?? 0)
    .putBytes(Field.cdb, fields.cdb.subarray(0, 16));
}

export interface DataOutFields {
  readonly itt: number;
  readonly expStatSn: number;
  readonly data: Uint8Array;
  readonly offset: number;
  readonly dataSn: number;
  readonly final: boolean;
  readonly lun?: number;
  /** The R2T's target transfer tag; NO_TAG for unsolicited data. */
  readonly ttt?: number;
}

/** SCSI Data-Out (RFC 7143 11.7). */
export function dataOut(fields: DataOutFields): Pdu {
  return new Pdu(undefined, fields.data)
    .put8(Field.opcode, Opcode.DataOut)
    .put8(Field.flags, fields.final ? FINAL : 0)
    .putBytes(Field.lun, encodeLun(fields.lun ?? 0))
    .put32(Field.itt, fields.itt)
    .put32(Field.ttt, fields.ttt ?? NO_TAG)
    .put32(Field.expStatSn, fields.expStatSn)
    .put32(Field.dataSn, fields.dataSn)
    .put32(Field.bufferOffset, fields.offset);
}

export interface NopOutFields extends Numbers {
  readonly ttt?: number;
  readonly lun?: number;
  readonly data?: Uint8Array;
}

/** NOP-Out (RFC 7143 11.18). */
export function nopOut(fields: NopOutFields): Pdu {
  return request(Opcode.NopOut, fields, fields.data)
    .put8(Field.flags, FINAL)
    .putBytes(Field.lun, encodeLun(fields.lun ?? 0))
    .put32(Field.ttt, fields.ttt ?? NO_TAG);
}

export interface TextRequestFields extends Numbers {
  readonly text: Uint8Array;
  readonly ttt?: number;
  /** F and C; if not given F. */
  readonly flags?: number;
}

/** Text Request (RFC 7143 11.10). */
export function textRequest(fields: TextRequestFields): Pdu {
  return request(Opcode.TextRequest, fields, fields.text)
    .put8(Field.flags, fields.flags ?? FINAL)
    .put32(Field.ttt, fields.ttt ?? NO_TAG);
}

/** RFC 7143 11.5.1. */
export const TaskFunction = {
  AbortTask: 1,
  AbortTaskSet: 2,
  ClearAca: 3,
  ClearTaskSet: 4,
  LogicalUnitReset: 5,
  TargetWarmReset: 6,
  TargetColdReset: 7,
  TaskReassign: 8,
} as const;

export interface TaskManagementFields extends Numbers {
  readonly function: number;
  readonly lun?: number;
  readonly referencedTag?: number;
  readonly refCmdSn?: number;
}

/** Task Management Function Request (RFC 7143 11.5). */
export function taskManagement(fields: TaskManagementFields): Pdu {
  return request(Opcode.TaskManagementRequest, fields)
    .put8(Field.flags, FINAL | fields.function)
    .putBytes(Field.lun, encodeLun(fields.lun ?? 0))
    .put32(Field.referencedTag, fields.referencedTag ?? NO_TAG)
    .put32(Field.refCmdSn, fields.refCmdSn ?? 0);
}

export interface LogoutFields extends Numbers {
  /** 0 close the session, 1 close the connection, 2 remove it for recovery (RFC 7143 11.14.1). */
  readonly reason?: number;
  readonly cid?: number;
}

/** Logout Request (RFC 7143 11.14). */
export function logoutRequest(fields: LogoutFields): Pdu {
  return request(Opcode.LogoutRequest, fields)
    .put8(Field.flags, FINAL | (fields.reason ?? 0))
    .put16(Field.cid, fields.cid ?? 0);
}

export interface SnackFields {
  readonly itt: number;
  readonly expStatSn: number;
  /** 0 Data/R2T, 1 Status, 2 DataACK, 3 R-Data (RFC 7143 11.16.1). */
  readonly type: number;
  readonly begRun?: number;
  readonly runLength?: number;
}

/** SNACK Request (RFC 7143 11.16). */
export function snackRequest(fields: SnackFields): Pdu {
  return new Pdu()
    .put8(Field.opcode, Opcode.SnackRequest)
    .put8(Field.flags, FINAL | fields.type)
    .put32(Field.itt, fields.itt)
    .put32(Field.ttt, NO_TAG)
    .put32(Field.expStatSn, fields.expStatSn)
    .put32(Field.begRun, fields.begRun ?? 0)
    .put32(Field.runLength, fields.runLength ?? 0);
}

export interface LoginRequestFields extends Numbers {
  readonly text: Uint8Array;
  /** T, C, CSG and NSG (RFC 7143 11.12). */
  readonly flags: number;
  /** Six bytes. */
  readonly isid: Uint8Array;
  readonly tsih?: number;
  readonly cid?: number;
  readonly versionMin?: number;
  readonly versionMax?: number;
}

/** Login Request (RFC 7143 11.12); the I bit is part of its opcode, always. */
export function loginRequest(fields: LoginRequestFields): Pdu {
  return request(Opcode.LoginRequest, { ...fields, immediate: true }, fields.text)
    .put8(Field.flags, fields.flags)
    .put8(Field.response, fields.versionMax ?? 0)
    .put8(Field.versionMin, fields.versionMin ?? 0)
    .putBytes(Field.isid, fields.isid.subarray(0, 6))
    .put16(Field.tsih, fields.tsih ?? 0)
    .put16(Field.cid, fields.cid ?? 0);
}
