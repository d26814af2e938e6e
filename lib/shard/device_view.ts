/** What an administrator sees of a device that no model says. */
import type { UnansweredCommand } from "../vdisk/unanswered.ts";
import type { VirtualDisk } from "../vdisk/virtual_disk.ts";
import { type DeviceHealth, healthOf } from "./device_health.ts";

export interface DeviceView {
  /** Bytes; 0 while it has no medium. */
  readonly size: number;
  /** Whether there is no write cache by now, which initiators may change (WCE). */
  readonly writeThrough: boolean;
  /** Why writes are refused until it is opened again, as words behind its name; absent while all is well. */
  readonly failure?: {
    readonly problem: string;
    /** Milliseconds since 1970. */
    readonly at: number;
  };
  /** The command that it has been working on for longest, if that is long. */
  readonly unanswered?: UnansweredCommand;
  readonly health: DeviceHealth;
}

/** What a device is like now. */
export function viewOf(disk: VirtualDisk): DeviceView {
  const { medium, settings, modes, trouble } = disk;
  const writeThrough = settings.nvCache ? settings.writeThrough : modes.current.WCE === 0;
  const failure = trouble === undefined ? {} : { failure: trouble };
  const { longest } = disk.unanswered;
  const unanswered = longest === undefined ? {} : { unanswered: longest };
  return { size: medium.size, writeThrough, ...failure, ...unanswered, health: healthOf(disk) };
}
