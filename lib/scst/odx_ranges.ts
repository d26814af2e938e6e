/** Block device range descriptors (SBC-3 5.16, 5.62): the blocks of a ROD, or where they are to go. */
import { NOTHING, Sense } from "../scsi/sense.ts";
import { RANGE_DESCRIPTOR, ROD_RANGES_MOST } from "../vdisk/third_party_copy.ts";
import type { VirtualDisk } from "../vdisk/virtual_disk.ts";
import { CopyFault } from "./copy_fault.ts";

const HIGH = 2 ** 32;

/** What BLOCK DEVICE RANGE DESCRIPTOR LENGTH can say: more descriptors than are taken. */
export const RANGES_LENGTH_MOST = 0xffff;

export interface BlockRange {
  readonly lba: number;
  readonly blocks: number;
}

/** Whether two ranges have a block in common. */
export function overlap(one: BlockRange, other: BlockRange): boolean {
  return one.lba < other.lba + other.blocks && other.lba < one.lba + one.blocks;
}

/** Blocks of all ranges. */
export function blocksOf(ranges: readonly BlockRange[]): number {
  return ranges.reduce((sum, { blocks }) => sum + blocks, 0);
}

/**
 * Decodes the range descriptors of a parameter list, whose number of bytes stands in the two bytes in
 * front of them. They are on the medium and do not overlap.
 */
export function decodeRanges(
  list: DataView,
  lengthAt: number,
  disk: VirtualDisk,
): BlockRange[] | CopyFault {
  const first = lengthAt + 2;
  const length = list.getUint16(lengthAt);
  if (list.getUint16(0) < first + length - 2) return CopyFault.at(0);
  if (first + length > list.byteLength) {
    return new CopyFault(Sense.PARAMETER_LIST_LENGTH_ERROR, NOTHING);
  }
  if (length === 0 || length % RANGE_DESCRIPTOR !== 0) return CopyFault.at(lengthAt);
  if (length / RANGE_DESCRIPTOR > ROD_RANGES_MOST) {
    return new CopyFault(Sense.TOO_MANY_SEGMENT_DESCRIPTORS, NOTHING);
  }
  const ranges: BlockRange[] = [];
  for (let at = first; at < first + length; at += RANGE_DESCRIPTOR) {
    const lba = list.getUint32(at) * HIGH + list.getUint32(at + 4);
    const range = { lba, blocks: list.getUint32(at + 8) };
    if (lba + range.blocks > disk.capacity) {
      return new CopyFault(Sense.LBA_OUT_OF_RANGE, at * 8 + 7);
    }
    if (ranges.some((other) => overlap(other, range))) return CopyFault.at(at);
    ranges.push(range);
  }
  return ranges;
}
