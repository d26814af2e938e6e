/** Store operations for a command of a virtual disk, all of them on the medium that is in when it begins. */
import { Errno } from "../../ffi/errno.ts";
import { isRefusal } from "../../ffi/file.ts";
import type { Command } from "../scsi/command.ts";
import { IoOperation, IoRequest } from "../store/io_request.ts";
import type { Medium } from "./medium.ts";
import type { VirtualDisk } from "./virtual_disk.ts";

export class DiskRequest extends IoRequest {
  readonly disk: VirtualDisk;
  command: Command | undefined = undefined;
  medium: Medium;
  /** How far a command that takes several operations has come. */
  step = 0;
  /** When the store began to work on a READ or WRITE, by performance.now(); 0 for everything else. */
  began = 0;
  #then: (request: DiskRequest) => void = () => {};
  /** Whether the disk wrote through when the operation began. */
  #through = false;

  constructor(disk: VirtualDisk) {
    super();
    this.disk = disk;
    this.medium = disk.medium;
  }

  /**
   * Hands the operation to the store; `then` is called when it is finished. If the disk writes
   * through, or does so by then (WCE may be switched off meanwhile), what the operation changes is on
   * stable storage by then; if its cache is not volatile, all is from the beginning.
   */
  start(
    operation: number,
    offset: number,
    length: number,
    then: (request: DiskRequest) => void,
  ): void {
    const through = this.disk.writesThrough;
    const ranges = operation === IoOperation.PUNCH || operation === IoOperation.ZERO ||
      operation === IoOperation.FILL || operation === IoOperation.DISCARD;
    this.#through = through;
    this.operation = operation;
    if (through && operation === IoOperation.WRITE) this.operation = IoOperation.WRITE_DURABLE;
    if (this.disk.settings.nvCache && operation === IoOperation.WRITE_DURABLE) {
      this.operation = IoOperation.WRITE;
    }
    this.offset = offset;
    this.length = length;
    this.#then = then;
    this.finished = then as (request: IoRequest) => void;
    if (operation === IoOperation.READ) this.finished = failRemoved;
    else if (this.operation === IoOperation.WRITE_DURABLE) this.finished = failUndurable;
    else if (ranges || this.operation === IoOperation.WRITE) this.finished = syncAfter;
    this.medium.store.submit(this);
  }

  /** Whether what the operation did has to be brought to stable storage before it has ended. */
  get mustSync(): boolean {
    return this.#through || this.disk.writesThrough;
  }

  /** Brings what the operation did to stable storage as well. */
  sync(): void {
    this.operation = IoOperation.SYNC;
    this.finished = failUnsynced;
    this.medium.store.submit(this);
  }

  /** Goes on with what start() was given. */
  proceed(): void {
    this.#then(this);
  }
}

/** What is read of a medium that is gone by now must not pass for the data of the one that came after it. */
function failRemoved(finished: IoRequest): void {
  const request = finished as DiskRequest;
  if (request.medium.isRemoved) request.result = -Errno.ENOMEDIUM;
  request.proceed();
}

function syncAfter(finished: IoRequest): void {
  const request = finished as DiskRequest;
  if (request.result < 0 || !request.mustSync) request.proceed();
  else request.sync();
}

/**
 * A write through to stable storage that fails may have taken the news of other blocks that were lost
 * with it: the next flush would report success.
 */
function failUndurable(finished: IoRequest): void {
  const request = finished as DiskRequest;
  if (request.result < 0 && !isRefusal(-request.result)) request.disk.fail(-request.result);
  request.proceed();
}

function failUnsynced(finished: IoRequest): void {
  const request = finished as DiskRequest;
  if (request.result < 0) request.disk.fail(-request.result);
  request.proceed();
}
