/** A store operation for a command of a virtual disk. */
import type { Command } from "../scsi/command.ts";
import { IoRequest } from "../store/io_request.ts";
import type { VirtualDisk } from "./virtual_disk.ts";

export class DiskRequest extends IoRequest {
  readonly disk: VirtualDisk;
  command: Command | undefined = undefined;
  /** How far a command that takes several operations has come. */
  step = 0;

  constructor(disk: VirtualDisk) {
    super();
    this.disk = disk;
  }

  /** Hands the operation to the store; `then` is called when it is finished. */
  start(
    operation: number,
    offset: number,
    length: number,
    then: (request: DiskRequest) => void,
  ): void {
    this.operation = operation;
    this.offset = offset;
    this.length = length;
    this.finished = then as (request: IoRequest) => void;
    this.disk.store.submit(this);
  }
}
