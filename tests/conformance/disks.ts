/** The kinds of disk that the conformance suite is run on. */
import type { DiskOptions } from "../harness/disk_yaml.ts";

/** Under 1 GiB, beyond which the suite leaves out its checks of READ(6). */
export const DISK_SIZE = 256 * 1024 * 1024;

export const DISKS = {
  thin: { thinProvisioned: true },
  thick: { thinProvisioned: false },
  "4096": { thinProvisioned: true, blocksize: 4096 },
} as const satisfies Record<string, DiskOptions>;

export type DiskKind = keyof typeof DISKS;

export const DISK_KINDS = Object.keys(DISKS) as DiskKind[];
