/**
 * THE opcode table. Dispatch, REPORT SUPPORTED OPERATION CODES, write protection and the generated
 * tests read it; a command exists exactly if it has a row here.
 */
import type { Command } from "../scsi/command.ts";
import { readCapacity10, readCapacity16 } from "../vdisk/capacity.ts";
import { inquiry } from "../vdisk/inquiry.ts";
import { modeSense } from "../vdisk/mode_sense.ts";
import { read } from "../vdisk/read.ts";
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
import { checkWriteSame, writeSame, writeSameOut } from "../vdisk/write_same.ts";
import type { Operation } from "./operation.ts";
import { OperationTable } from "./operation_table.ts";
import { reportLuns } from "./report_luns.ts";
import { reportSupportedOpcodes } from "./report_supported_opcodes.ts";
import { requestSense } from "./request_sense.ts";

const HIGH = 2 ** 32;

/** LBA of 21 bits; a length of 0 stands for 256 blocks (SBC-4 5.11). */
function decode6(command: Command): void {
  const { cdb } = command;
  command.lba = (cdb[1]! & 0x1f) << 16 | cdb[2]! << 8 | cdb[3]!;
  command.blocks = cdb[4] === 0 ? 256 : cdb[4]!;
}

function decode10(command: Command): void {
  command.lba = command.cdbView.getUint32(2);
  command.blocks = command.cdbView.getUint16(7);
}

function decode12(command: Command): void {
  command.lba = command.cdbView.getUint32(2);
  command.blocks = command.cdbView.getUint32(6);
}

/** An LBA beyond 2**53 loses its last bits here, and is beyond the end of any medium all the same. */
function decode16(command: Command): void {
  const { cdbView } = command;
  command.lba = cdbView.getUint32(2) * HIGH + cdbView.getUint32(6);
  command.blocks = cdbView.getUint32(10);
}

/** ALLOCATION LENGTH or PARAMETER LIST LENGTH in a byte, two or four bytes. */
const length8 = (at: number) => (command: Command) => {
  command.allocationLength = command.cdb[at]!;
};
const length16 = (at: number) => (command: Command) => {
  command.allocationLength = command.cdbView.getUint16(at);
};
const length32 = (at: number) => (command: Command) => {
  command.allocationLength = command.cdbView.getUint32(at);
};

const allBlocks = (command: Command, blockSize: number) => command.blocks * blockSize;
const parameterList = (command: Command) => command.allocationLength;
const isThin = (disk: VirtualDisk) => disk.settings.thinProvisioned;

type Traits = Omit<Operation, "name" | "code" | "usage" | "serviceAction">;

/** A row for an operation code without service actions. */
function row(name: string, usage: string, traits: Traits): Operation {
  return { name, code: parseInt(usage, 16), usage, ...traits };
}

/** A row for a service action. */
function actionRow(
  name: string,
  serviceAction: number,
  usage: string,
  traits: Traits,
): Operation {
  return { ...row(name, usage, traits), serviceAction };
}

const READ = { onDisk: read } as const;
const WRITE = { out: allBlocks, check: checkWrite, onDisk: write, changesMedium: true } as const;
const VERIFY = { out: verifyOut, check: checkVerify, onDisk: verify } as const;
const WRITE_AND_VERIFY = {
  out: allBlocks,
  check: checkWriteAndVerify,
  onDisk: writeAndVerify,
  changesMedium: true,
} as const;
const WRITE_SAME = {
  out: writeSameOut,
  check: checkWriteSame,
  onDisk: writeSame,
  changesMedium: true,
} as const;
const UNMAP = {
  out: parameterList,
  check: checkUnmap,
  changesMedium: true,
  exists: isThin,
  onDisk: unmap,
} as const;
const INQUIRY = { passesAttention: true, onDisk: inquiry } as const;
const REQUEST_SENSE = { passesAttention: true, onNexus: requestSense } as const;
const REPORT_LUNS = { passesAttention: true, onNexus: reportLuns } as const;
const SYNC = { onDisk: synchronizeCache } as const;
const SUCCEED = { onDisk: (_disk: VirtualDisk, command: Command) => command.succeed() } as const;

const LBA64 = "ffffffffffffffff";

/** Sorted by operation code and service action. */
const OPERATIONS: readonly Operation[] = [
  row("TEST UNIT READY", "00 00 00 00 00 00", SUCCEED),
  row("REQUEST SENSE", "03 01 0000 ff 00", { decode: length8(4), ...REQUEST_SENSE }),
  row("READ(6)", "08 1fffff ff 00", { decode: decode6, ...READ }),
  row("WRITE(6)", "0a 1fffff ff 00", { decode: decode6, ...WRITE }),
  row("INQUIRY", "12 01 ff ffff 00", { decode: length16(3), ...INQUIRY }),
  row("MODE SENSE(6)", "1a 08 ff ff ff 00", { decode: length8(4), onDisk: modeSense }),
  row("READ CAPACITY(10)", "25 00 ffffffff 0000 01 00", { onDisk: readCapacity10 }),
  row("READ(10)", "28 18 ffffffff 1f ffff 00", { decode: decode10, ...READ }),
  row("WRITE(10)", "2a 18 ffffffff 1f ffff 00", { decode: decode10, ...WRITE }),
  row("WRITE AND VERIFY(10)", "2e 16 ffffffff 1f ffff 00", {
    decode: decode10,
    ...WRITE_AND_VERIFY,
  }),
  row("VERIFY(10)", "2f 16 ffffffff 1f ffff 00", { decode: decode10, ...VERIFY }),
  row("SYNCHRONIZE CACHE(10)", "35 02 ffffffff 1f ffff 00", { decode: decode10, ...SYNC }),
  row("WRITE SAME(10)", "41 18 ffffffff 1f ffff 00", { decode: decode10, ...WRITE_SAME }),
  row("UNMAP", "42 01 00000000 1f ffff 00", { decode: length16(7), ...UNMAP }),
  row("MODE SENSE(10)", "5a 18 ff ff 000000 ffff 00", { decode: length16(7), onDisk: modeSense }),
  row("READ(16)", `88 18 ${LBA64} ffffffff 1f 00`, { decode: decode16, ...READ }),
  row("WRITE(16)", `8a 18 ${LBA64} ffffffff 1f 00`, { decode: decode16, ...WRITE }),
  row("WRITE AND VERIFY(16)", `8e 16 ${LBA64} ffffffff 1f 00`, {
    decode: decode16,
    ...WRITE_AND_VERIFY,
  }),
  row("VERIFY(16)", `8f 16 ${LBA64} ffffffff 1f 00`, { decode: decode16, ...VERIFY }),
  row("SYNCHRONIZE CACHE(16)", `91 02 ${LBA64} ffffffff 1f 00`, { decode: decode16, ...SYNC }),
  row("WRITE SAME(16)", `93 19 ${LBA64} ffffffff 1f 00`, { decode: decode16, ...WRITE_SAME }),
  actionRow("READ CAPACITY(16)", 0x10, `9e 1f ${LBA64} ffffffff 01 00`, {
    decode: length32(10),
    onDisk: readCapacity16,
  }),
  row("REPORT LUNS", "a0 00 ff 000000 ffffffff 00 00", { decode: length32(6), ...REPORT_LUNS }),
  actionRow("REPORT SUPPORTED OPERATION CODES", 0x0c, "a3 1f 87 ff ffff ffffffff 00 00", {
    decode: length32(6),
    onNexus: reportSupportedOpcodes,
  }),
  row("READ(12)", "a8 18 ffffffff ffffffff 1f 00", { decode: decode12, ...READ }),
  row("WRITE(12)", "aa 18 ffffffff ffffffff 1f 00", { decode: decode12, ...WRITE }),
  row("WRITE AND VERIFY(12)", "ae 16 ffffffff ffffffff 1f 00", {
    decode: decode12,
    ...WRITE_AND_VERIFY,
  }),
  row("VERIFY(12)", "af 16 ffffffff ffffffff 1f 00", { decode: decode12, ...VERIFY }),
];

export const OPERATION_TABLE: OperationTable = new OperationTable(OPERATIONS);
