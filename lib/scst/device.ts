/** A device of the core: a virtual disk and everybody who uses it, through whatever target. */
import type { VirtualDisk } from "../vdisk/virtual_disk.ts";
import type { LogicalUnit } from "./logical_unit.ts";

export class Device {
  readonly disk: VirtualDisk;
  /** The disk as each nexus that has it in its LUN map sees it. */
  readonly users: Set<LogicalUnit> = new Set();

  constructor(disk: VirtualDisk) {
    this.disk = disk;
  }
}
