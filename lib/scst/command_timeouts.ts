/** Command timeouts (SPC-5 6.35.4): how long initiators should wait for a command of the opcode table. */
import type { VirtualDisk } from "../vdisk/virtual_disk.ts";

export interface CommandTimeouts {
  /** Seconds until it is worth asking how far the command has come. */
  readonly nominal: number;
  /** Seconds that nobody should give it up before. */
  readonly recommended: number;
}

/** The classes of SCST, with its numbers. */
export const Timeouts = {
  /** It is answered from memory. */
  SMALL: { nominal: 1, recommended: 10 },
  /** It moves as much as fits into one transfer, or keeps something in a small file. */
  REGULAR: { nominal: 1, recommended: 60 },
  /** It waits until all that was ever written is on stable storage, or changes up to gigabytes. */
  LONG: { nominal: 60, recommended: 3600 },
} as const satisfies Record<string, CommandTimeouts>;

/** Bytes in a second that the slowest store writes. */
const SLOWEST = 32 * 2 ** 20;

/** Of a command that goes once over all of the medium. */
export function wholeMedium({ store }: VirtualDisk): CommandTimeouts {
  const { nominal, recommended } = Timeouts.LONG;
  return { nominal, recommended: Math.max(recommended, Math.ceil(store.size / SLOWEST)) };
}
