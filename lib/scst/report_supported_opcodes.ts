/** REPORT SUPPORTED OPERATION CODES (SPC-5 6.35), from the opcode table. */
import type { VirtualDisk } from "../vdisk/virtual_disk.ts";
import { Timeouts } from "./command_timeouts.ts";
import type { Nexus } from "./nexus.ts";
import type { CoreCommand, Operation } from "./operation.ts";
import { type OperationTable, usageOf } from "./operation_table.ts";

/** REPORTING OPTIONS (SPC-5 table 299). */
const Option = { ALL: 0, CODE: 1, SERVICE_ACTION: 2, EITHER: 3 } as const;

const RCTD = 0x80;
/** MLU is 00b beside them, not reported: its bits are reserved in SPC-4, which INQUIRY claims. */
const SERVACTV = 0x01;
const CTDP = 0x02;

/** SERVICE ACTION in byte 1 of a CDB. */
const SERVICE_ACTION = 0x1f;

const NOT_SUPPORTED = 1;
const SUPPORTED = 3;
const TIMEOUTS = 12;

/** The command timeouts descriptor (SPC-5 6.35.4). */
function putTimeouts(view: DataView, at: number, operation: Operation, disk: VirtualDisk): void {
  const { timeouts = Timeouts.REGULAR } = operation;
  const { nominal, recommended } = typeof timeouts === "function" ? timeouts(disk) : timeouts;
  view.setUint16(at, TIMEOUTS - 2);
  view.setUint32(at + 4, nominal);
  view.setUint32(at + 8, recommended);
}

/** Executes REPORT SUPPORTED OPERATION CODES. */
export function reportSupportedOpcodes(
  _nexus: Nexus,
  command: CoreCommand,
  table: OperationTable,
): void {
  const { cdb, cdbView } = command;
  const unit = command.unit!;
  const withTimeouts = (cdb[2]! & RCTD) !== 0;
  const option = cdb[2]! & 7;
  const code = cdb[3]!;
  const serviceAction = cdbView.getUint16(4);
  const isThere = (operation: Operation | undefined) =>
    operation !== undefined && unit.has(operation);

  switch (option) {
    case Option.ALL:
      return command.respond(listAll(table.rows.filter(isThere), unit.disk, withTimeouts));
    case Option.CODE:
      if (table.hasServiceActions(code)) return command.failField(3);
      break;
    case Option.SERVICE_ACTION:
      if (!table.hasServiceActions(code)) return command.failField(3);
      break;
    case Option.EITHER:
      break;
    default:
      return command.failField(2, 2);
  }
  const found = option === Option.EITHER && !table.hasServiceActions(code) && serviceAction !== 0
    ? undefined
    : table.find(code, serviceAction);
  command.respond(describeOne(isThere(found) ? found : undefined, unit.disk, withTimeouts));
}

/** All commands parameter data (SPC-5 6.35.2). */
function listAll(
  operations: readonly Operation[],
  disk: VirtualDisk,
  withTimeouts: boolean,
): Uint8Array {
  const length = withTimeouts ? 8 + TIMEOUTS : 8;
  const view = new DataView(new ArrayBuffer(4 + operations.length * length));
  view.setUint32(0, operations.length * length);
  operations.forEach((operation, index) => {
    const at = 4 + index * length;
    view.setUint8(at, operation.code);
    view.setUint16(at + 2, operation.serviceAction ?? 0);
    const flags = (operation.serviceAction === undefined ? 0 : SERVACTV) |
      (withTimeouts ? CTDP : 0);
    view.setUint8(at + 5, flags);
    view.setUint16(at + 6, usageOf(operation).length);
    if (withTimeouts) putTimeouts(view, at + 8, operation, disk);
  });
  return new Uint8Array(view.buffer);
}

/** One command parameter data (SPC-5 6.35.3). */
function describeOne(
  operation: Operation | undefined,
  disk: VirtualDisk,
  withTimeouts: boolean,
): Uint8Array {
  if (operation === undefined) return new Uint8Array([0, NOT_SUPPORTED, 0, 0]);
  const usage = usageOf(operation);
  // In the usage data the service action stands as its value, like the operation code.
  if (operation.serviceAction !== undefined) {
    usage[1] = usage[1]! & ~SERVICE_ACTION | operation.serviceAction;
  }
  const bytes = new Uint8Array(4 + usage.length + (withTimeouts ? TIMEOUTS : 0));
  const view = new DataView(bytes.buffer);
  bytes[1] = SUPPORTED | (withTimeouts ? 0x80 : 0); // CTDP
  view.setUint16(2, usage.length);
  bytes.set(usage, 4);
  if (withTimeouts) putTimeouts(view, 4 + usage.length, operation, disk);
  return bytes;
}
