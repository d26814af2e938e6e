/** The kinds of disk that the conformance suite is run on. */
import type { DiskOptions } from "../harness/disk_yaml.ts";

/** Under 1 GiB, beyond which the suite leaves out its checks of READ(6). */
export const DISK_SIZE = 256 * 1024 * 1024;

/**
 * Tests that have a disk of another size to themselves. Sanitize.Reset wants an overwrite that is
 * not through after five seconds; so much has to be free where temporary files are.
 */
export const OWN_DISK_SIZES: Readonly<Record<string, number>> = {
  "Sanitize.Reset": 8 * 1024 ** 3,
};

export const DISKS = {
  thin: { thinProvisioned: true },
  thick: { thinProvisioned: false },
  "4096": { thinProvisioned: true, blocksize: 4096 },
  removable: { thinProvisioned: true, removable: true },
  "read-only": { thinProvisioned: true, readOnly: true },
  cdrom: { handler: "vcdrom" },
} as const satisfies Record<string, DiskOptions>;

/** Paths that the suite is given to a logical unit: of two it believes that they lead to a disk. */
export function pathsOf(disk: DiskKind, url: string): string[] {
  return disk === "cdrom" ? [url] : [url, url];
}

export type DiskKind = keyof typeof DISKS;

export const DISK_KINDS = Object.keys(DISKS) as DiskKind[];
