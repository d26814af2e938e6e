/** The physical blocks of a medium, in terms of its logical ones (SBC-4 4.6). */
import type { VirtualDisk } from "./virtual_disk.ts";

/** What LOWEST ALIGNED LOGICAL BLOCK ADDRESS has room for. */
const LOWEST_MOST = 0x3fff;

/** Logical blocks in a physical one. */
export function blocksPerPhysical(disk: VirtualDisk): number {
  return Math.max(1, Math.floor(disk.store.physicalBlockSize / disk.blockSize));
}

/** The first LBA with which a physical block begins; 0 as well where none of them does. */
export function lowestAligned({ store, blockSize }: VirtualDisk): number {
  const lowest = (store.physicalOffset ?? 0) / blockSize;
  return Number.isInteger(lowest) && lowest <= LOWEST_MOST ? lowest : 0;
}
