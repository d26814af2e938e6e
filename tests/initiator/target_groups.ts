/** REPORT TARGET PORT GROUPS and SET TARGET PORT GROUPS (SPC-4 6.37, 6.45). */
import { Op } from "./cdb.ts";

/** ASYMMETRIC ACCESS STATE. */
export const State = {
  ACTIVE: 0x0,
  NONOPTIMIZED: 0x1,
  STANDBY: 0x2,
  UNAVAILABLE: 0x3,
  OFFLINE: 0xe,
  TRANSITIONING: 0xf,
} as const;

/** PARAMETER DATA FORMAT. */
export const LENGTH_ONLY = 0;
export const EXTENDED = 1;

function maintenance(op: number, byte1: number, length: number): Uint8Array<ArrayBuffer> {
  const cdb = new DataView(new ArrayBuffer(16));
  cdb.setUint8(0, op);
  cdb.setUint8(1, byte1);
  cdb.setUint32(6, length);
  return new Uint8Array(cdb.buffer);
}

export const reportTargetGroups = (length: number, format = LENGTH_ONLY) =>
  maintenance(Op.MaintenanceIn, format << 5 | 0x0a, length);
export const setTargetGroups = (length: number) => maintenance(Op.MaintenanceOut, 0x0a, length);

/** The parameter list of SET TARGET PORT GROUPS. */
export function setGroupsList(
  ...descriptors: readonly (readonly [state: number, group: number])[]
): Uint8Array<ArrayBuffer> {
  const list = new DataView(new ArrayBuffer(4 + descriptors.length * 4));
  descriptors.forEach(([state, group], index) => {
    list.setUint8(4 + index * 4, state);
    list.setUint16(6 + index * 4, group);
  });
  return new Uint8Array(list.buffer);
}

/** What REPORT TARGET PORT GROUPS says of one group. */
export interface ReportedGroup {
  readonly id: number;
  readonly state: number;
  readonly preferred: boolean;
  /** STATUS CODE. */
  readonly altered: number;
  /** Relative target port identifiers. */
  readonly ports: readonly number[];
}

/** The groups in data of the length only format; throws when it is not complete. */
export function parseTargetGroups(data: Uint8Array): ReportedGroup[] {
  const view = new DataView(data.buffer, data.byteOffset, data.length);
  if (view.getUint32(0) !== data.length - 4) throw new Error("RETURN DATA LENGTH is wrong");
  const groups: ReportedGroup[] = [];
  for (let at = 4; at < data.length;) {
    const count = view.getUint8(at + 7);
    groups.push({
      id: view.getUint16(at + 2),
      state: view.getUint8(at) & 0x0f,
      preferred: (view.getUint8(at) & 0x80) !== 0,
      altered: view.getUint8(at + 5),
      ports: Array.from({ length: count }, (_, port) => view.getUint16(at + 8 + port * 4 + 2)),
    });
    at += 8 + count * 4;
  }
  return groups;
}
