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

/** Sorted by operation code and service action. */
const OPERATIONS: readonly Operation[] = [
  {
    name: "TEST UNIT READY",
    code: 0x00,
    usage: "00 00 00 00 00 00",
    onDisk: (_disk, command) => command.succeed(),
  },
  {
    name: "REQUEST SENSE",
    code: 0x03,
    usage: "03 01 0000 ff 00",
    decode: length8(4),
    passesAttention: true,
    onNexus: requestSense,
  },
  { name: "READ(6)", code: 0x08, usage: "08 1fffff ff 00", decode: decode6, ...READ },
  { name: "WRITE(6)", code: 0x0a, usage: "0a 1fffff ff 00", decode: decode6, ...WRITE },
  {
    name: "INQUIRY",
    code: 0x12,
    usage: "12 01 ff ffff 00",
    decode: length16(3),
    passesAttention: true,
    onDisk: inquiry,
  },
  {
    name: "MODE SENSE(6)",
    code: 0x1a,
    usage: "1a 08 ff ff ff 00",
    decode: length8(4),
    onDisk: modeSense,
  },
  {
    name: "READ CAPACITY(10)",
    code: 0x25,
    usage: "25 00 ffffffff 0000 01 00",
    onDisk: readCapacity10,
  },
  { name: "READ(10)", code: 0x28, usage: "28 18 ffffffff 1f ffff 00", decode: decode10, ...READ },
  {
    name: "WRITE(10)",
    code: 0x2a,
    usage: "2a 18 ffffffff 1f ffff 00",
    decode: decode10,
    ...WRITE,
  },
  {
    name: "WRITE AND VERIFY(10)",
    code: 0x2e,
    usage: "2e 16 ffffffff 1f ffff 00",
    decode: decode10,
    ...WRITE_AND_VERIFY,
  },
  {
    name: "VERIFY(10)",
    code: 0x2f,
    usage: "2f 16 ffffffff 1f ffff 00",
    decode: decode10,
    ...VERIFY,
  },
  {
    name: "SYNCHRONIZE CACHE(10)",
    code: 0x35,
    usage: "35 02 ffffffff 1f ffff 00",
    decode: decode10,
    onDisk: synchronizeCache,
  },
  {
    name: "WRITE SAME(10)",
    code: 0x41,
    usage: "41 18 ffffffff 1f ffff 00",
    decode: decode10,
    ...WRITE_SAME,
  },
  {
    name: "UNMAP",
    code: 0x42,
    usage: "42 01 00000000 1f ffff 00",
    decode: length16(7),
    out: parameterList,
    check: checkUnmap,
    changesMedium: true,
    exists: isThin,
    onDisk: unmap,
  },
  {
    name: "MODE SENSE(10)",
    code: 0x5a,
    usage: "5a 18 ff ff 000000 ffff 00",
    decode: length16(7),
    onDisk: modeSense,
  },
  {
    name: "READ(16)",
    code: 0x88,
    usage: "88 18 ffffffffffffffff ffffffff 1f 00",
    decode: decode16,
    ...READ,
  },
  {
    name: "WRITE(16)",
    code: 0x8a,
    usage: "8a 18 ffffffffffffffff ffffffff 1f 00",
    decode: decode16,
    ...WRITE,
  },
  {
    name: "WRITE AND VERIFY(16)",
    code: 0x8e,
    usage: "8e 16 ffffffffffffffff ffffffff 1f 00",
    decode: decode16,
    ...WRITE_AND_VERIFY,
  },
  {
    name: "VERIFY(16)",
    code: 0x8f,
    usage: "8f 16 ffffffffffffffff ffffffff 1f 00",
    decode: decode16,
    ...VERIFY,
  },
  {
    name: "SYNCHRONIZE CACHE(16)",
    code: 0x91,
    usage: "91 02 ffffffffffffffff ffffffff 1f 00",
    decode: decode16,
    onDisk: synchronizeCache,
  },
  {
    name: "WRITE SAME(16)",
    code: 0x93,
    usage: "93 19 ffffffffffffffff ffffffff 1f 00",
    decode: decode16,
    ...WRITE_SAME,
  },
  {
    name: "READ CAPACITY(16)",
    code: 0x9e,
    serviceAction: 0x10,
    usage: "9e 1f ffffffffffffffff ffffffff 01 00",
    decode: length32(10),
    onDisk: readCapacity16,
  },
  {
    name: "REPORT LUNS",
    code: 0xa0,
    usage: "a0 00 ff 000000 ffffffff 00 00",
    decode: length32(6),
    passesAttention: true,
    onNexus: reportLuns,
  },
  {
    name: "REPORT SUPPORTED OPERATION CODES",
    code: 0xa3,
    serviceAction: 0x0c,
    usage: "a3 1f 87 ff ffff ffffffff 00 00",
    decode: length32(6),
    onNexus: reportSupportedOpcodes,
  },
  {
    name: "READ(12)",
    code: 0xa8,
    usage: "a8 18 ffffffff ffffffff 1f 00",
    decode: decode12,
    ...READ,
  },
  {
    name: "WRITE(12)",
    code: 0xaa,
    usage: "aa 18 ffffffff ffffffff 1f 00",
    decode: decode12,
    ...WRITE,
  },
  {
    name: "WRITE AND VERIFY(12)",
    code: 0xae,
    usage: "ae 16 ffffffff ffffffff 1f 00",
    decode: decode12,
    ...WRITE_AND_VERIFY,
  },
  {
    name: "VERIFY(12)",
    code: 0xaf,
    usage: "af 16 ffffffff ffffffff 1f 00",
    decode: decode12,
    ...VERIFY,
  },
];

export const OPERATION_TABLE: OperationTable = new OperationTable(OPERATIONS);
