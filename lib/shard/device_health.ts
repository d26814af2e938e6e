/** How the store of a device does, for administrators and metrics. */
import type { ErrorKind } from "../vdisk/errno_sense.ts";
import type { VirtualDisk } from "../vdisk/virtual_disk.ts";

export interface DeviceHealth {
  /** Whether writes were lost that had ended with GOOD, so that reads are refused as well as writes. */
  readonly hasLost: boolean;
  /** How often it has failed, and errors of its store by kind, since it is there. */
  readonly failures: number;
  readonly errors: Readonly<Record<ErrorKind, number>>;
}

export function healthOf({ hasLost, errors }: VirtualDisk): DeviceHealth {
  return {
    hasLost,
    failures: errors.failures,
    errors: { ...errors.counts },
  };
}
