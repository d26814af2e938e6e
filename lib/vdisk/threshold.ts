/** Threshold sets, the unit in which LBA mapping resources are counted (SBC-4 4.7.3.8). */

/** Bytes in a threshold set, if a block is not larger. */
const SET = 2 ** 20;

/** THRESHOLD EXPONENT of VPD page B2h: a set has two to this power of blocks; zero would mean none. */
export function thresholdExponent(blockSize: number): number {
  return Math.max(1, Math.log2(SET / blockSize));
}

/** Bytes in a threshold set of a disk with such blocks. */
export function thresholdSetSize(blockSize: number): number {
  return blockSize * 2 ** thresholdExponent(blockSize);
}
