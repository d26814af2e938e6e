/** How the store of a device does, for administrators and metrics. */
import { describeErrno } from "../../ffi/errno.ts";
import type { ErrorKind } from "../vdisk/errno_sense.ts";
import type { VirtualDisk } from "../vdisk/virtual_disk.ts";

export interface DeviceHealth {
  /** Why writes are refused; undefined while they are not. */
  readonly failure: string | undefined;
  /** Whether reads are refused as well. */
  readonly hasLost: boolean;
  /** How often it has failed, and errors of its store by kind, since it is there. */
  readonly failures: number;
  readonly errors: Readonly<Record<ErrorKind, number>>;
}

export function healthOf({ failure, hasLost, errors }: VirtualDisk): DeviceHealth {
  return {
    failure: failure === 0 ? undefined : describeErrno(failure),
    hasLost,
    failures: errors.failures,
    errors: { ...errors.counts },
  };
}
