/** Where the fields of CDBs lie (SPC-5 4.2.5): what a row of the opcode table has its commands read. */
import type { Command } from "../scsi/command.ts";

const HIGH = 2 ** 32;

/** In the CONTROL byte: the command wants an ACA condition if it ends with CHECK CONDITION (SAM-5 5.2). */
export const NACA = 0x04;

/** Where the CONTROL byte is, by the group of the operation code (SPC-5 4.2.5.1); 0 if unknown. */
const CONTROL_AT: readonly number[] = [5, 9, 9, 1, 15, 11, 0, 0];

/** Whether NACA is set. */
export function hasNaca(cdb: Uint8Array): boolean {
  const at = CONTROL_AT[cdb[0]! >> 5]!;
  return at > 0 && (cdb[at]! & NACA) !== 0;
}

/** LBA of 21 bits; a length of 0 stands for 256 blocks (SBC-4 5.11). */
export function decode6(command: Command): void {
  const { cdb } = command;
  command.lba = (cdb[1]! & 0x1f) << 16 | cdb[2]! << 8 | cdb[3]!;
  command.blocks = cdb[4] === 0 ? 256 : cdb[4]!;
}

/** LBA of 32 bits, a length of 16 (SBC-4 5.12). */
export function decode10(command: Command): void {
  command.lba = command.cdbView.getUint32(2);
  command.blocks = command.cdbView.getUint16(7);
}

/** LBA and length of 32 bits (SBC-4 5.13). */
export function decode12(command: Command): void {
  command.lba = command.cdbView.getUint32(2);
  command.blocks = command.cdbView.getUint32(6);
}

/** LBA of 32 bits, a length of 24 (MMC-6). */
export function decodeReadCd(command: Command): void {
  command.lba = command.cdbView.getUint32(2);
  command.blocks = command.cdbView.getUint32(6) >>> 8;
}

/** An LBA beyond 2**53 loses its last bits here, and is beyond the end of any medium all the same. */
export function decode16(command: Command): void {
  const { cdbView } = command;
  command.lba = cdbView.getUint32(2) * HIGH + cdbView.getUint32(6);
  command.blocks = cdbView.getUint32(10);
}

/** A CDB of 16 bytes with a length of `bytes` bytes that ends with byte 13. */
export const decodeShort16 = (bytes: 1 | 2) => (command: Command) => {
  decode16(command);
  command.blocks &= bytes === 1 ? 0xff : 0xffff;
};

/** A CDB of 16 bytes with an ALLOCATION LENGTH where others have a number of blocks. */
export function decodeLbaAndLength16(command: Command): void {
  decode16(command);
  command.allocationLength = command.blocks;
  command.blocks = 0;
}

/** ALLOCATION LENGTH or PARAMETER LIST LENGTH in a byte, two or four bytes. */
export const length8 = (at: number) => (command: Command) => {
  command.allocationLength = command.cdb[at]!;
};
export const length16 = (at: number) => (command: Command) => {
  command.allocationLength = command.cdbView.getUint16(at);
};
export const length32 = (at: number) => (command: Command) => {
  command.allocationLength = command.cdbView.getUint32(at);
};
