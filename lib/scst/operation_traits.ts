/**
 * What the commands of the opcode table do, need and change: what rows of one kind, as the READs of all
 * lengths, have alike.
 */
import type { Command } from "../scsi/command.ts";
import { EVERY_TYPE } from "../scsi/device_type.ts";
import { readCapacity10 } from "../vdisk/capacity.ts";
import {
  checkCompareAndWrite,
  compareAndWrite,
  compareAndWriteOut,
} from "../vdisk/compare_and_write.ts";
import { checkFormatUnit, formatUnit, formatUnitOut } from "../vdisk/format_unit.ts";
import { logSense } from "../vdisk/log_sense.ts";
import { modeSense } from "../vdisk/mode_sense.ts";
import { orWrite } from "../vdisk/or_write.ts";
import { prefetch } from "../vdisk/prefetch.ts";
import { read } from "../vdisk/read.ts";
import { readDefectData } from "../vdisk/read_defect_data.ts";
import { checkSanitize, sanitize } from "../vdisk/sanitize.ts";
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
import { length16, length32 } from "./cdb_fields.ts";
import { Timeouts, wholeMedium } from "./command_timeouts.ts";
import { checkExtendedCopy, extendedCopy } from "./copy_extended.ts";
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
import { checkWriteUsingToken, writeUsingToken } from "./odx_write.ts";
import { type Traits } from "./operation_row.ts";
import { persistentReserveOut } from "./persistent_reserve_out.ts";
import { checkPrOut } from "./pr_out_list.ts";
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
export const isThin = (disk: VirtualDisk) => disk.settings.thinProvisioned;
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

export const SMALL = { timeouts: Timeouts.SMALL } as const;
const LONG = { timeouts: Timeouts.LONG } as const;

export const READ = shared({ access: Access.READ, onDisk: read, readsMedium: true });
export const WRITE = {
  out: allBlocks,
  check: checkWrite,
  onDisk: write,
  changesMedium: true,
} as const;
export const VERIFY = shared({
  ...LONG,
  access: Access.READ,
  out: verifyOut,
  check: checkVerify,
  onDisk: verify,
  readsMedium: true,
});
export const WRITE_AND_VERIFY = {
  ...LONG,
  out: allBlocks,
  check: checkWriteAndVerify,
  onDisk: writeAndVerify,
  changesMedium: true,
} as const;
export const WRITE_SAME = {
  ...LONG,
  out: writeSameOut,
  check: checkWriteSame,
  onDisk: writeSame,
  changesMedium: true,
} as const;
export const COMPARE_AND_WRITE = {
  out: compareAndWriteOut,
  check: checkCompareAndWrite,
  onDisk: compareAndWrite,
  changesMedium: true,
  exclusive: true,
} as const;
export const OR_WRITE = { ...WRITE, onDisk: orWrite, exclusive: true } as const;
export const WRITE_ATOMIC = {
  ...WRITE,
  check: checkWriteAtomic,
  onDisk: writeAtomic,
  exclusive: true,
} as const;
export const UNMAP = {
  ...LONG,
  out: parameterList,
  check: checkUnmap,
  changesMedium: true,
  exists: isThin,
  onDisk: unmap,
} as const;
export const LOG_SELECT = shared({
  ...SMALL,
  portAccess: MANAGE,
  out: parameterList,
  check: checkLogSelect,
  onNexus: logSelect,
});
export const LOG_SENSE = shared({
  access: NONE,
  portAccess: MANAGE,
  withoutMedium: true,
  onDisk: logSense,
});
export const SEND_DIAGNOSTIC = shared({
  portAccess: MANAGE,
  out: parameterList,
  check: checkSendDiagnostic,
  withoutMedium: true,
  onDisk: sendDiagnostic,
});
export const RECEIVE_DIAGNOSTIC = shared({
  ...SMALL,
  access: Access.READ,
  portAccess: MANAGE,
  withoutMedium: true,
  onDisk: receiveDiagnosticResults,
});
export const REPORT_INFORMATION = {
  ...SMALL,
  access: NONE,
  onNexus: reportIdentifyingInformation,
} as const;
export const SET_INFORMATION = {
  out: parameterList,
  check: checkSetIdentifyingInformation,
  onNexus: setIdentifyingInformation,
} as const;
export const REPORT_TMFS = shared({ ...SMALL, access: Access.READ, onNexus: reportSupportedTmfs });
export const REPORT_TIMESTAMP = { ...SMALL, access: NONE, onNexus: reportTimestamp } as const;
export const SET_TIMESTAMP = {
  ...SMALL,
  out: parameterList,
  check: checkSetTimestamp,
  onNexus: setTimestamp,
} as const;
export const MODE_SELECT = shared({
  ...LONG,
  portAccess: MANAGE,
  out: parameterList,
  check: checkModeSelect,
  onNexus: modeSelect,
});
export const MODE_SENSE = shared({
  ...SMALL,
  access: Access.READ,
  portAccess: MANAGE,
  withoutMedium: true,
  onDisk: modeSense,
});
export const REPORT_PORT_GROUPS = shared({
  ...SMALL,
  access: NONE,
  portAccess: IDENTIFY,
  exists: isInGroup,
  decode: length32(6),
  onNexus: reportTargetPortGroups,
});
export const SET_PORT_GROUPS = {
  ...SMALL,
  portAccess: SWITCH,
  exists: isExplicit,
  out: parameterList,
  check: checkSetTargetPortGroups,
  onNexus: setTargetPortGroups,
} as const;
export const PREVENT_REMOVAL = shared({
  ...SMALL,
  access: (cdb: Uint8Array) => (cdb[4]! & 0x01) === 0 ? NONE : Access.WRITE, // PREVENT
  exists: isRemovable,
  onNexus: preventRemoval,
});
export const START_STOP = shared({
  ...LONG,
  // To start is allowed, to stop and to change the power condition is not: POWER CONDITION, START.
  access: (cdb: Uint8Array) => (cdb[4]! & 0xf1) === 0x01 ? NONE : Access.WRITE,
  onNexus: startStopUnit,
});
export const POPULATE_TOKEN = {
  out: parameterList,
  check: checkPopulateToken,
  onNexus: populateToken,
  access: Access.READ,
} as const;
export const WRITE_USING_TOKEN = {
  ...LONG,
  out: parameterList,
  check: checkWriteUsingToken,
  onNexus: writeUsingToken,
  changesMedium: true,
} as const;
export const EXTENDED_COPY = {
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
export const INQUIRY = { ...IDENTIFICATION, onNexus: inquire } as const;
export const REQUEST_SENSE = { ...IDENTIFICATION, onNexus: requestSense } as const;
export const REPORT_LUNS = { ...IDENTIFICATION, onNexus: reportLuns } as const;
export const PREFETCH = { access: Access.READ, onDisk: prefetch } as const;
export const DEFECTS = { ...SMALL, access: Access.READ, onDisk: readDefectData } as const;
export const RESERVE = shared({ access: STATE, portAccess: MANAGE, onNexus: reserveUnit });
export const RELEASE = shared({ access: NONE, portAccess: MANAGE, onNexus: releaseUnit });
export const PR_IN = shared({ ...SMALL, access: STATE, portAccess: MANAGE, decode: length16(7) });
export const PR_OUT = shared({
  access: STATE,
  portAccess: MANAGE,
  decode: length32(5),
  check: checkPrOut,
  out: parameterList,
  onNexus: persistentReserveOut,
});
export const SYNC = shared({ ...LONG, onDisk: synchronizeCache });
export const FORMAT_UNIT = {
  ...LONG,
  out: formatUnitOut,
  check: checkFormatUnit,
  onDisk: formatUnit,
  changesMedium: true,
  exclusive: true,
} as const;
export const SANITIZE = {
  timeouts: wholeMedium,
  decode: length16(7),
  out: parameterList,
  check: checkSanitize,
  onDisk: sanitize,
  changesMedium: true,
  exclusive: true,
} as const;
export const TEST_UNIT_READY = shared({
  ...SMALL,
  access: STATE,
  onDisk: (_disk: VirtualDisk, command: Command) => command.succeed(),
});
export const CAPACITY = { ...SMALL, access: NONE, portAccess: IDENTIFY } as const;
export const READ_CAPACITY = shared({ ...CAPACITY, onDisk: readCapacity10 });
export const REPORT_OPCODES = shared({
  ...SMALL,
  access: Access.READ,
  passesUpkeep: true,
  decode: length32(6),
  onNexus: reportSupportedOpcodes,
});
