/**
 * THE opcode table. Dispatch, REPORT SUPPORTED OPERATION CODES, write protection, reservations and the
 * generated tests read it; a device has a command exactly if there is a row for its type here.
 */
import type { Command } from "../scsi/command.ts";
import { DeviceType, EVERY_TYPE, isFor } from "../scsi/device_type.ts";
import { readCapacity10, readCapacity16 } from "../vdisk/capacity.ts";
import {
  checkCompareAndWrite,
  compareAndWrite,
  compareAndWriteOut,
} from "../vdisk/compare_and_write.ts";
import { checkFormatUnit, formatUnit, formatUnitOut } from "../vdisk/format_unit.ts";
import { getLbaStatus } from "../vdisk/lba_status.ts";
import { logSense } from "../vdisk/log_sense.ts";
import { modeSense } from "../vdisk/mode_sense.ts";
import { orWrite } from "../vdisk/or_write.ts";
import { prefetch } from "../vdisk/prefetch.ts";
import { read } from "../vdisk/read.ts";
import { readDefectData } from "../vdisk/read_defect_data.ts";
import { checkSanitize, exitFailureMode, sanitize } from "../vdisk/sanitize.ts";
import { SanitizeAction } from "../vdisk/sanitize_plan.ts";
import {
  checkSendDiagnostic,
  receiveDiagnosticResults,
  sendDiagnostic,
} from "../vdisk/diagnostics.ts";
import { synchronizeCache } from "../vdisk/synchronize_cache.ts";
import { checkUnmap, unmap } from "../vdisk/unmap.ts";
import {
  checkVerify,
  checkWriteAndVerify,
  verify,
  verifyOut,
  writeAndVerify,
} from "../vdisk/verify.ts";
import type { VirtualDisk } from "../vdisk/virtual_disk.ts";
import { checkWrite, write } from "../vdisk/write.ts";
import { checkWriteAtomic, writeAtomic } from "../vdisk/write_atomic.ts";
import { checkWriteSame, writeSame, writeSameOut } from "../vdisk/write_same.ts";
import { Access } from "./access.ts";
import { PortAccess } from "./access_state.ts";
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
import { Timeouts, wholeMedium } from "./command_timeouts.ts";
import { checkExtendedCopy, extendedCopy } from "./copy_extended.ts";
import { receiveCopyFailure, receiveCopyParameters, receiveCopyStatus } from "./copy_receive.ts";
import { checkSetTimestamp, reportTimestamp, setTimestamp } from "./device_clock.ts";
import {
  checkSetIdentifyingInformation,
  reportIdentifyingInformation,
  setIdentifyingInformation,
} from "./identifying_information.ts";
import { inquire } from "./inquire.ts";
import { checkLogSelect, logSelect } from "./log_select.ts";
import { checkModeSelect, modeSelect } from "./mode_select.ts";
import { checkPopulateToken, populateToken } from "./odx_populate.ts";
import { receiveRodTokenInformation } from "./odx_receive.ts";
import { checkWriteUsingToken, writeUsingToken } from "./odx_write.ts";
import { MMC_OPERATIONS } from "./mmc_operations.ts";
import type { Operation } from "./operation.ts";
import { actionRow, row, type Traits } from "./operation_row.ts";
import { OperationTable } from "./operation_table.ts";
import {
  readFullStatus,
  readKeys,
  readReservation,
  reportCapabilities,
} from "./persistent_reserve_in.ts";
import { persistentReserveOut } from "./persistent_reserve_out.ts";
import { checkPrOut, PrOut } from "./pr_out_list.ts";
import { preventRemoval } from "./prevent_removal.ts";
import { reportLuns } from "./report_luns.ts";
import { reportSupportedOpcodes } from "./report_supported_opcodes.ts";
import { reportSupportedTmfs } from "./report_supported_tmfs.ts";
import { reportTargetPortGroups } from "./report_target_port_groups.ts";
import { requestSense } from "./request_sense.ts";
import { releaseUnit, reserveUnit } from "./reserve.ts";
import { checkSetTargetPortGroups, setTargetPortGroups } from "./set_target_port_groups.ts";
import { startStopUnit } from "./start_stop_unit.ts";
import type { TargetGroup } from "./target_group.ts";

const allBlocks = (command: Command, blockSize: number) => command.blocks * blockSize;
const parameterList = (command: Command) => command.allocationLength;
const isThin = (disk: VirtualDisk) => disk.settings.thinProvisioned;
const isRemovable = (disk: VirtualDisk) => disk.settings.removable;
const isInGroup = (_disk: VirtualDisk, group?: TargetGroup) => group !== undefined;
const isExplicit = (disk: VirtualDisk, group?: TargetGroup) =>
  group !== undefined && disk.settings.explAlua;

/** Traits of what SPC defines, and of what disks and CDs have alike. */
function shared<T extends Partial<Traits>>(traits: T) {
  return { types: EVERY_TYPE, ...traits };
}

const { NONE, STATE } = Access;
const { IDENTIFY, SWITCH, MANAGE } = PortAccess;

const SMALL = { timeouts: Timeouts.SMALL } as const;
const LONG = { timeouts: Timeouts.LONG } as const;

const READ = shared({ access: Access.READ, onDisk: read, readsMedium: true });
const WRITE = { out: allBlocks, check: checkWrite, onDisk: write, changesMedium: true } as const;
const VERIFY = shared({
  ...LONG,
  access: Access.READ,
  out: verifyOut,
  check: checkVerify,
  onDisk: verify,
  readsMedium: true,
});
const WRITE_AND_VERIFY = {
  ...LONG,
  out: allBlocks,
  check: checkWriteAndVerify,
  onDisk: writeAndVerify,
  changesMedium: true,
} as const;
const WRITE_SAME = {
  ...LONG,
  out: writeSameOut,
  check: checkWriteSame,
  onDisk: writeSame,
  changesMedium: true,
} as const;
const COMPARE_AND_WRITE = {
  out: compareAndWriteOut,
  check: checkCompareAndWrite,
  onDisk: compareAndWrite,
  changesMedium: true,
  exclusive: true,
} as const;
const OR_WRITE = { ...WRITE, onDisk: orWrite, exclusive: true } as const;
const WRITE_ATOMIC = {
  ...WRITE,
  check: checkWriteAtomic,
  onDisk: writeAtomic,
  exclusive: true,
} as const;
const UNMAP = {
  ...LONG,
  out: parameterList,
  check: checkUnmap,
  changesMedium: true,
  exists: isThin,
  onDisk: unmap,
} as const;
const LOG_SELECT = shared({
  ...SMALL,
  portAccess: MANAGE,
  out: parameterList,
  check: checkLogSelect,
  onNexus: logSelect,
});
const LOG_SENSE = shared({
  access: NONE,
  portAccess: MANAGE,
  withoutMedium: true,
  onDisk: logSense,
});
const SEND_DIAGNOSTIC = shared({
  portAccess: MANAGE,
  out: parameterList,
  check: checkSendDiagnostic,
  withoutMedium: true,
  onDisk: sendDiagnostic,
});
const RECEIVE_DIAGNOSTIC = shared({
  ...SMALL,
  access: Access.READ,
  portAccess: MANAGE,
  withoutMedium: true,
  onDisk: receiveDiagnosticResults,
});
const REPORT_INFORMATION = {
  ...SMALL,
  access: NONE,
  onNexus: reportIdentifyingInformation,
} as const;
const SET_INFORMATION = {
  out: parameterList,
  check: checkSetIdentifyingInformation,
  onNexus: setIdentifyingInformation,
} as const;
const REPORT_TMFS = shared({ ...SMALL, access: Access.READ, onNexus: reportSupportedTmfs });
const REPORT_TIMESTAMP = { ...SMALL, access: NONE, onNexus: reportTimestamp } as const;
const SET_TIMESTAMP = {
  ...SMALL,
  out: parameterList,
  check: checkSetTimestamp,
  onNexus: setTimestamp,
} as const;
const MODE_SELECT = shared({
  ...LONG,
  portAccess: MANAGE,
  out: parameterList,
  check: checkModeSelect,
  onNexus: modeSelect,
});
const MODE_SENSE = shared({
  ...SMALL,
  access: Access.READ,
  portAccess: MANAGE,
  withoutMedium: true,
  onDisk: modeSense,
});
const REPORT_PORT_GROUPS = shared({
  ...SMALL,
  access: NONE,
  portAccess: IDENTIFY,
  exists: isInGroup,
  decode: length32(6),
  onNexus: reportTargetPortGroups,
});
const SET_PORT_GROUPS = {
  ...SMALL,
  portAccess: SWITCH,
  exists: isExplicit,
  out: parameterList,
  check: checkSetTargetPortGroups,
  onNexus: setTargetPortGroups,
} as const;
const PREVENT_REMOVAL = shared({
  ...SMALL,
  access: (cdb: Uint8Array) => (cdb[4]! & 0x01) === 0 ? NONE : Access.WRITE, // PREVENT
  exists: isRemovable,
  onNexus: preventRemoval,
});
const START_STOP = shared({
  ...LONG,
  // To start is allowed, to stop and to change the power condition is not: POWER CONDITION, START.
  access: (cdb: Uint8Array) => (cdb[4]! & 0xf1) === 0x01 ? NONE : Access.WRITE,
  onNexus: startStopUnit,
});
const POPULATE_TOKEN = {
  out: parameterList,
  check: checkPopulateToken,
  onNexus: populateToken,
  access: Access.READ,
} as const;
const WRITE_USING_TOKEN = {
  ...LONG,
  out: parameterList,
  check: checkWriteUsingToken,
  onNexus: writeUsingToken,
  changesMedium: true,
} as const;
const EXTENDED_COPY = {
  ...LONG,
  out: parameterList,
  check: checkExtendedCopy,
  onNexus: extendedCopy,
} as const;
const IDENTIFICATION = shared({
  ...SMALL,
  access: NONE,
  portAccess: IDENTIFY,
  passesAttention: true,
});
const INQUIRY = { ...IDENTIFICATION, onNexus: inquire } as const;
const REQUEST_SENSE = { ...IDENTIFICATION, onNexus: requestSense } as const;
const REPORT_LUNS = { ...IDENTIFICATION, onNexus: reportLuns } as const;
const PREFETCH = { access: Access.READ, onDisk: prefetch } as const;
const DEFECTS = { ...SMALL, access: Access.READ, onDisk: readDefectData } as const;
const RESERVE = shared({ access: STATE, portAccess: MANAGE, onNexus: reserveUnit });
const RELEASE = shared({ access: NONE, portAccess: MANAGE, onNexus: releaseUnit });
const PR_IN = shared({ ...SMALL, access: STATE, portAccess: MANAGE, decode: length16(7) });
const PR_OUT = shared({
  access: STATE,
  portAccess: MANAGE,
  decode: length32(5),
  check: checkPrOut,
  out: parameterList,
  onNexus: persistentReserveOut,
});
const SYNC = shared({ ...LONG, onDisk: synchronizeCache });
const FORMAT_UNIT = {
  ...LONG,
  out: formatUnitOut,
  check: checkFormatUnit,
  onDisk: formatUnit,
  changesMedium: true,
  exclusive: true,
} as const;
const SANITIZE = {
  timeouts: wholeMedium,
  decode: length16(7),
  out: parameterList,
  check: checkSanitize,
  onDisk: sanitize,
  changesMedium: true,
  exclusive: true,
} as const;
const TEST_UNIT_READY = shared({
  ...SMALL,
  access: STATE,
  onDisk: (_disk: VirtualDisk, command: Command) => command.succeed(),
});
const CAPACITY = { ...SMALL, access: NONE, portAccess: IDENTIFY } as const;
const READ_CAPACITY = shared({ ...CAPACITY, onDisk: readCapacity10 });
const REPORT_OPCODES = shared({
  ...SMALL,
  access: Access.READ,
  passesUpkeep: true,
  decode: length32(6),
  onNexus: reportSupportedOpcodes,
});

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
