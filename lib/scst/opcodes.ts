/**
 * THE opcode table. Dispatch, REPORT SUPPORTED OPERATION CODES, write protection, reservations and the
 * generated tests read it; a device has a command exactly if there is a row for its type here.
 */
import { DeviceType, isFor } from "../scsi/device_type.ts";
import { readCapacity16 } from "../vdisk/capacity.ts";
import { getLbaStatus } from "../vdisk/lba_status.ts";
import { exitFailureMode } from "../vdisk/sanitize.ts";
import { SanitizeAction } from "../vdisk/sanitize_plan.ts";
import { Access } from "./access.ts";
import {
  decode10,
  decode12,
  decode16,
  decode6,
  decodeLbaAndLength16,
  decodeShort16,
  length16,
  length32,
  length8,
} from "./cdb_fields.ts";
import { Timeouts } from "./command_timeouts.ts";
import { receiveCopyFailure, receiveCopyParameters, receiveCopyStatus } from "./copy_receive.ts";
import { receiveRodTokenInformation } from "./odx_receive.ts";
import { MMC_OPERATIONS } from "./mmc_operations.ts";
import type { Operation } from "./operation.ts";
import { actionRow, row, type Traits } from "./operation_row.ts";
import { OperationTable } from "./operation_table.ts";
import {
  CAPACITY,
  COMPARE_AND_WRITE,
  DEFECTS,
  EXTENDED_COPY,
  FORMAT_UNIT,
  INQUIRY,
  isThin,
  LOG_SELECT,
  LOG_SENSE,
  MODE_SELECT,
  MODE_SENSE,
  OR_WRITE,
  POPULATE_TOKEN,
  PR_IN,
  PR_OUT,
  PREFETCH,
  PREVENT_REMOVAL,
  READ,
  READ_CAPACITY,
  RECEIVE_DIAGNOSTIC,
  RELEASE,
  REPORT_INFORMATION,
  REPORT_LUNS,
  REPORT_OPCODES,
  REPORT_PORT_GROUPS,
  REPORT_TIMESTAMP,
  REPORT_TMFS,
  REQUEST_SENSE,
  RESERVE,
  SANITIZE,
  SEND_DIAGNOSTIC,
  SET_INFORMATION,
  SET_PORT_GROUPS,
  SET_TIMESTAMP,
  SMALL,
  START_STOP,
  SYNC,
  TEST_UNIT_READY,
  UNMAP,
  VERIFY,
  WRITE,
  WRITE_AND_VERIFY,
  WRITE_ATOMIC,
  WRITE_SAME,
  WRITE_USING_TOKEN,
} from "./operation_traits.ts";
import {
  readFullStatus,
  readKeys,
  readReservation,
  reportCapabilities,
} from "./persistent_reserve_in.ts";
import { PrOut } from "./pr_out_list.ts";

/** A service action of SANITIZE. */
const sanitizeRow = (name: string, serviceAction: number, traits: Traits) =>
  actionRow(name, serviceAction, "48 bf 0000000000 ffff 00", traits);

/** A service action of PERSISTENT RESERVE IN. */
function prIn(name: string, serviceAction: number, onNexus: NonNullable<Operation["onNexus"]>) {
  const usage = "5e 1f 0000000000 ffff 00";
  return actionRow(`PERSISTENT RESERVE IN, ${name}`, serviceAction, usage, { ...PR_IN, onNexus });
}

/** A service action of PERSISTENT RESERVE OUT; all of them take a scope and a type, some ignore them. */
function prOut(name: string, serviceAction: number, traits: Traits = PR_OUT) {
  const usage = "5f 1f ff 0000 ffffffff 00";
  return actionRow(`PERSISTENT RESERVE OUT, ${name}`, serviceAction, usage, traits);
}

/**
 * A service action of MAINTENANCE IN or OUT with a length in bytes 6 to 9; `used` is its code and what
 * it evaluates of the bytes before and behind.
 */
function lengthRow(name: string, serviceAction: number, used: string, traits: Traits): Operation {
  const [code, before, behind] = used.split(" ");
  const usage = `${code} 1f ${before} ffffffff ${behind} 00`;
  return actionRow(name, serviceAction, usage, { decode: length32(6), ...traits });
}

const LBA64 = "ffffffffffffffff";
const ZEROS8 = "0000000000000000";

/** Sorted by operation code and service action. */
const OPERATIONS: readonly Operation[] = [
  row("TEST UNIT READY", "00 00 00 00 00 00", TEST_UNIT_READY),
  row("REQUEST SENSE", "03 01 0000 ff 00", { decode: length8(4), ...REQUEST_SENSE }),
  row("FORMAT UNIT", "04 3f 00 0000 00", FORMAT_UNIT),
  row("READ(6)", "08 1fffff ff 00", { decode: decode6, ...READ }),
  row("WRITE(6)", "0a 1fffff ff 00", { decode: decode6, ...WRITE }),
  row("INQUIRY", "12 01 ff ffff 00", { decode: length16(3), ...INQUIRY }),
  row("MODE SELECT(6)", "15 11 0000 ff 00", { decode: length8(4), ...MODE_SELECT }),
  row("RESERVE(6)", "16 00 00 0000 00", RESERVE),
  row("RELEASE(6)", "17 00 00 0000 00", RELEASE),
  row("MODE SENSE(6)", "1a 08 ff ff ff 00", { decode: length8(4), ...MODE_SENSE }),
  row("START STOP UNIT", "1b 01 00 0f f7 00", START_STOP),
  row("RECEIVE DIAGNOSTIC RESULTS", "1c 01 ff ffff 00", {
    decode: length16(3),
    ...RECEIVE_DIAGNOSTIC,
  }),
  row("SEND DIAGNOSTIC", "1d f7 00 ffff 00", { decode: length16(3), ...SEND_DIAGNOSTIC }),
  row("PREVENT ALLOW MEDIUM REMOVAL", "1e 00 00 00 03 00", PREVENT_REMOVAL),
  row("READ CAPACITY(10)", "25 00 ffffffff 0000 01 00", READ_CAPACITY),
  row("READ(10)", "28 18 ffffffff 1f ffff 00", { decode: decode10, ...READ }),
  row("WRITE(10)", "2a 18 ffffffff 1f ffff 00", { decode: decode10, ...WRITE }),
  row("WRITE AND VERIFY(10)", "2e 16 ffffffff 1f ffff 00", {
    decode: decode10,
    ...WRITE_AND_VERIFY,
  }),
  row("VERIFY(10)", "2f 16 ffffffff 1f ffff 00", { decode: decode10, ...VERIFY }),
  row("PRE-FETCH(10)", "34 02 ffffffff 1f ffff 00", { decode: decode10, ...PREFETCH }),
  row("SYNCHRONIZE CACHE(10)", "35 06 ffffffff 1f ffff 00", { decode: decode10, ...SYNC }),
  row("READ DEFECT DATA(10)", "37 00 1f 00000000 ffff 00", { decode: length16(7), ...DEFECTS }),
  row("WRITE SAME(10)", "41 18 ffffffff 1f ffff 00", { decode: decode10, ...WRITE_SAME }),
  row("UNMAP", "42 01 00000000 1f ffff 00", { decode: length16(7), ...UNMAP }),
  sanitizeRow("SANITIZE OVERWRITE", SanitizeAction.OVERWRITE, SANITIZE),
  sanitizeRow("SANITIZE BLOCK ERASE", SanitizeAction.BLOCK_ERASE, { ...SANITIZE, exists: isThin }),
  sanitizeRow("SANITIZE EXIT FAILURE MODE", SanitizeAction.EXIT_FAILURE_MODE, {
    ...SANITIZE,
    timeouts: Timeouts.REGULAR,
    onDisk: exitFailureMode,
    changesMedium: false,
  }),
  row("LOG SELECT", "4c 02 ff ff 000000 ffff 00", { decode: length16(7), ...LOG_SELECT }),
  row("LOG SENSE", "4d 00 ff ff 00 ffff ffff 00", { decode: length16(7), ...LOG_SENSE }),
  row("MODE SELECT(10)", "55 11 0000000000 ffff 00", { decode: length16(7), ...MODE_SELECT }),
  row("RESERVE(10)", "56 00 00 00 000000 0000 00", RESERVE),
  row("RELEASE(10)", "57 00 00 00 000000 0000 00", RELEASE),
  row("MODE SENSE(10)", "5a 18 ff ff 000000 ffff 00", { decode: length16(7), ...MODE_SENSE }),
  prIn("READ KEYS", 0x00, readKeys),
  prIn("READ RESERVATION", 0x01, readReservation),
  prIn("REPORT CAPABILITIES", 0x02, reportCapabilities),
  prIn("READ FULL STATUS", 0x03, readFullStatus),
  prOut("REGISTER", PrOut.REGISTER),
  prOut("RESERVE", PrOut.RESERVE),
  prOut("RELEASE", PrOut.RELEASE),
  prOut("CLEAR", PrOut.CLEAR),
  prOut("PREEMPT", PrOut.PREEMPT),
  prOut("PREEMPT AND ABORT", PrOut.PREEMPT_AND_ABORT, { ...PR_OUT, passesAca: true }),
  prOut("REGISTER AND IGNORE EXISTING KEY", PrOut.REGISTER_AND_IGNORE_EXISTING_KEY),
  prOut("REGISTER AND MOVE", PrOut.REGISTER_AND_MOVE),
  actionRow("EXTENDED COPY(LID1)", 0x00, `83 1f ${ZEROS8} ffffffff 00 00`, {
    decode: length32(10),
    ...EXTENDED_COPY,
  }),
  actionRow("POPULATE TOKEN", 0x10, "83 1f 00000000 ffffffff ffffffff 1f 00", {
    decode: length32(10),
    ...POPULATE_TOKEN,
  }),
  actionRow("WRITE USING TOKEN", 0x11, "83 1f 00000000 ffffffff ffffffff 1f 00", {
    decode: length32(10),
    ...WRITE_USING_TOKEN,
  }),
  actionRow("RECEIVE COPY STATUS(LID1)", 0x00, "84 1f ff 00000000000000 ffffffff 00 00", {
    ...SMALL,
    access: Access.READ,
    decode: length32(10),
    onNexus: receiveCopyStatus,
  }),
  actionRow("RECEIVE COPY OPERATING PARAMETERS", 0x03, `84 1f ${ZEROS8} ffffffff 00 00`, {
    ...SMALL,
    access: Access.READ,
    decode: length32(10),
    onNexus: receiveCopyParameters,
  }),
  actionRow("RECEIVE COPY FAILURE DETAILS(LID1)", 0x04, "84 1f ff 00000000000000 ffffffff 00 00", {
    ...SMALL,
    access: Access.READ,
    decode: length32(10),
    onNexus: receiveCopyFailure,
  }),
  actionRow("RECEIVE ROD TOKEN INFORMATION", 0x07, "84 1f ffffffff 00000000 ffffffff 00 00", {
    ...SMALL,
    access: Access.READ,
    decode: length32(10),
    onNexus: receiveRodTokenInformation,
  }),
  row("READ(16)", `88 18 ${LBA64} ffffffff 1f 00`, { decode: decode16, ...READ }),
  row("COMPARE AND WRITE", `89 18 ${LBA64} 000000 ff 1f 00`, {
    decode: decodeShort16(1),
    ...COMPARE_AND_WRITE,
  }),
  row("WRITE(16)", `8a 18 ${LBA64} ffffffff 1f 00`, { decode: decode16, ...WRITE }),
  row("ORWRITE(16)", `8b 18 ${LBA64} ffffffff 1f 00`, { decode: decode16, ...OR_WRITE }),
  row("WRITE AND VERIFY(16)", `8e 16 ${LBA64} ffffffff 1f 00`, {
    decode: decode16,
    ...WRITE_AND_VERIFY,
  }),
  row("VERIFY(16)", `8f 16 ${LBA64} ffffffff 1f 00`, { decode: decode16, ...VERIFY }),
  row("PRE-FETCH(16)", `90 02 ${LBA64} ffffffff 1f 00`, { decode: decode16, ...PREFETCH }),
  row("SYNCHRONIZE CACHE(16)", `91 06 ${LBA64} ffffffff 1f 00`, { decode: decode16, ...SYNC }),
  row("WRITE SAME(16)", `93 19 ${LBA64} ffffffff 1f 00`, { decode: decode16, ...WRITE_SAME }),
  row("WRITE ATOMIC(16)", `9c 18 ${LBA64} 0000 ffff 1f 00`, {
    decode: decodeShort16(2),
    ...WRITE_ATOMIC,
  }),
  actionRow("READ CAPACITY(16)", 0x10, `9e 1f ${LBA64} ffffffff 01 00`, {
    ...CAPACITY,
    decode: length32(10),
    onDisk: readCapacity16,
  }),
  actionRow("GET LBA STATUS(16)", 0x12, `9e 1f ${LBA64} ffffffff 00 00`, {
    access: Access.READ,
    decode: decodeLbaAndLength16,
    onDisk: getLbaStatus,
  }),
  row("REPORT LUNS", "a0 00 ff 000000 ffffffff 00 00", { decode: length32(6), ...REPORT_LUNS }),
  lengthRow("REPORT IDENTIFYING INFORMATION", 0x05, "a3 00000000 fe", REPORT_INFORMATION),
  // Byte 1 has PARAMETER DATA FORMAT in front of the service action.
  actionRow("REPORT TARGET PORT GROUPS", 0x0a, "a3 ff 00000000 ffffffff 00 00", REPORT_PORT_GROUPS),
  actionRow(
    "REPORT SUPPORTED OPERATION CODES",
    0x0c,
    "a3 1f 87 ff ffff ffffffff 00 00",
    REPORT_OPCODES,
  ),
  lengthRow("REPORT SUPPORTED TASK MANAGEMENT FUNCTIONS", 0x0d, "a3 80000000 00", REPORT_TMFS),
  lengthRow("REPORT TIMESTAMP", 0x0f, "a3 00000000 00", REPORT_TIMESTAMP),
  lengthRow("SET IDENTIFYING INFORMATION", 0x06, "a4 00000000 fe", SET_INFORMATION),
  lengthRow("SET TARGET PORT GROUPS", 0x0a, "a4 00000000 00", SET_PORT_GROUPS),
  lengthRow("SET TIMESTAMP", 0x0f, "a4 00000000 00", SET_TIMESTAMP),
  row("READ(12)", "a8 18 ffffffff ffffffff 1f 00", { decode: decode12, ...READ }),
  row("WRITE(12)", "aa 18 ffffffff ffffffff 1f 00", { decode: decode12, ...WRITE }),
  row("WRITE AND VERIFY(12)", "ae 16 ffffffff ffffffff 1f 00", {
    decode: decode12,
    ...WRITE_AND_VERIFY,
  }),
  row("VERIFY(12)", "af 16 ffffffff ffffffff 1f 00", { decode: decode12, ...VERIFY }),
  row("READ DEFECT DATA(12)", "b7 1f ffffffff ffffffff 00 00", {
    decode: length32(6),
    ...DEFECTS,
  }),
];

function tableOf(type: DeviceType): OperationTable {
  const rows = [...OPERATIONS, ...MMC_OPERATIONS];
  return new OperationTable(rows.filter((operation) => isFor(operation, type)));
}

/** What the devices of each type execute. */
export const OPERATION_TABLES: Readonly<Record<DeviceType, OperationTable>> = {
  [DeviceType.DISK]: tableOf(DeviceType.DISK),
  [DeviceType.CD_ROM]: tableOf(DeviceType.CD_ROM),
};

/** What disks execute. */
export const OPERATION_TABLE: OperationTable = OPERATION_TABLES[DeviceType.DISK];
