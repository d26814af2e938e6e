/** Vital product data page 83h (SPC-5 7.7.6): what a logical unit, its port and its group are called. */
import type { TargetPort } from "../scsi/command.ts";
import type { PortGroup } from "../scsi/port_group.ts";
import { putText } from "../scsi/text.ts";
import type { DiskSettings, VirtualDisk } from "./virtual_disk.ts";
import { bytesOf, newPage } from "./vpd_page.ts";

const CodeSet = { BINARY: 1, ASCII: 2, UTF8: 3 } as const;
const Association = { LOGICAL_UNIT: 0, TARGET_PORT: 1 } as const;
const Designator = {
  T10: 1,
  EUI64: 2,
  NAA: 3,
  RELATIVE_PORT: 4,
  PORT_GROUP: 5,
  SCSI_NAME: 8,
} as const;
const PROTOCOL_ISCSI = 0x5;

/** One designation descriptor (SPC-5 7.7.6.1). */
function designation(
  codeSet: number,
  association: number,
  type: number,
  value: Uint8Array,
): Uint8Array {
  const bytes = new Uint8Array(4 + value.length);
  const ofPort = association === Association.TARGET_PORT;
  bytes[0] = (ofPort ? PROTOCOL_ISCSI << 4 : 0) | codeSet;
  bytes[1] = (ofPort ? 0x80 : 0) | association << 4 | type;
  bytes[3] = value.length;
  bytes.set(value, 4);
  return bytes;
}

function fromHex(digits: string): Uint8Array {
  return Uint8Array.from(digits.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}

/** Vendor, then what the vendor calls the device (SPC-5 7.7.6.3). */
function t10VendorId({ vendor, ids, texts }: DiskSettings): Uint8Array {
  const name = texts?.vendSpecificId ?? ids.t10DevId ?? ids.usn;
  const bytes = new Uint8Array(8 + name.length);
  putText(bytes, 0, 8, texts?.t10VendId ?? vendor);
  putText(bytes, 8, name.length, name);
  return bytes;
}

/** The EUI-64 based designator, where there is one (SPC-5 7.7.6.5). */
function eui64({ ids }: DiskSettings): Uint8Array | undefined {
  if (ids.eui64Id !== undefined) return fromHex(ids.eui64Id);
  if (ids.naaId !== undefined || ids.t10DevId === undefined) return undefined;
  const bytes = new Uint8Array(8);
  putText(bytes, 0, 8, ids.t10DevId);
  return bytes;
}

/** The names of the logical unit: those that name it best first. */
function unitNames(settings: DiskSettings): Uint8Array[] {
  const { ids: { naaId }, texts } = settings;
  const eui = eui64(settings);
  const name = (codeSet: number, type: number, value: Uint8Array) =>
    designation(codeSet, Association.LOGICAL_UNIT, type, value);
  return [
    ...(naaId === undefined ? [] : [name(CodeSet.BINARY, Designator.NAA, fromHex(naaId))]),
    ...(eui === undefined ? [] : [name(CodeSet.BINARY, Designator.EUI64, eui)]),
    name(CodeSet.ASCII, Designator.T10, t10VendorId(settings)),
    ...(texts?.scsiDeviceName === undefined
      ? []
      : [name(CodeSet.UTF8, Designator.SCSI_NAME, scsiName(texts.scsiDeviceName))]),
  ];
}

/** A SCSI name string: UTF-8, ended by at least one NUL, a multiple of four bytes (SPC-5 7.7.6.11). */
function scsiName(name: string): Uint8Array {
  const text = new TextEncoder().encode(name);
  const bytes = new Uint8Array((text.length + 4) & ~3);
  bytes.set(text);
  return bytes;
}

/** A number of 16 bits behind two reserved bytes (SPC-5 7.7.6.7, 7.7.6.8). */
function numberOfPort(value: number): Uint8Array {
  return Uint8Array.of(0, 0, value >> 8, value & 0xff);
}

/** Page 83h (SPC-5 7.7.6): the names of the logical unit, then those of the port and its group. */
export function deviceIdentification(
  disk: VirtualDisk,
  port: TargetPort,
  group?: PortGroup,
): Uint8Array {
  const { TARGET_PORT } = Association;
  const relative = numberOfPort(port.relativeId);
  const descriptors = [
    ...unitNames(disk.settings),
    designation(CodeSet.BINARY, TARGET_PORT, Designator.RELATIVE_PORT, relative),
    ...(group === undefined ? [] : [
      designation(CodeSet.BINARY, TARGET_PORT, Designator.PORT_GROUP, numberOfPort(group.id)),
    ]),
    designation(CodeSet.UTF8, TARGET_PORT, Designator.SCSI_NAME, scsiName(port.name)),
  ];
  const view = newPage(0x83, descriptors.reduce((sum, bytes) => sum + bytes.length, 0));
  const page = bytesOf(view);
  let at = 4;
  for (const bytes of descriptors) {
    page.set(bytes, at);
    at += bytes.length;
  }
  return page;
}
