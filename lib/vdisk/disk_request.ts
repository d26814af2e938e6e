/** Store operations for a command of a virtual disk, all of them on the medium that is in when it begins. */
import { Errno } from "../../ffi/errno.ts";
import { isRefusal } from "../../ffi/transfer.ts";
import type { Command } from "../scsi/command.ts";
import {
  changesBlocks,
  IoOperation,
  IoRequest,
  isAboutBlocks,
  nameOfOperation,
} from "../store/io_request.ts";
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
  /** Whether it changes the medium, and the flusher knows. */
  #changes = false;

  constructor(disk: VirtualDisk) {
    super();
    this.disk = disk;
    this.medium = disk.medium;
  }

  override get source(): object | undefined {
    return this.command?.source;
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
    this.#through = through;
    this.operation = operation;
    if (through && operation === IoOperation.WRITE) this.operation = IoOperation.WRITE_DURABLE;
    if (this.disk.settings.nvCache && operation === IoOperation.WRITE_DURABLE) {
      this.operation = IoOperation.WRITE;
    }
    this.offset = offset;
    this.length = length;
    this.#then = then;
    this.#changes = changesBlocks(this.operation);
    if (this.#changes) this.disk.flusher.beginChange();
    this.finished = endOf(this.operation);
    this.medium.store.submit(this);
  }

  /** Whether what the operation did has to be brought to stable storage before it has ended. */
  get mustSync(): boolean {
    return this.#through || this.disk.writesThrough;
  }

  /** Brings what the operation did to stable storage as well. */
  sync(): void {
    this.operation = IoOperation.SYNC;
    this.finished = proceed;
    this.medium.store.submit(this);
  }

  /** Goes on with what start() was given. */
  proceed(): void {
    const { flusher } = this.disk;
    if (this.#changes) flusher.endChange();
    if (this.result < 0) {
      if (this.#changes) flusher.noteChange();
      this.#noteError();
      if (isFlushFailure(this)) this.disk.failFlush(-this.result);
    }
    this.#then(this);
  }

  #noteError(): void {
    const { disk, operation, offset, length, result } = this;
    // That there is no data, or no medium any more, is an answer.
    if (operation === IoOperation.FIND_DATA && result === -Errno.ENXIO) return;
    if (result === -Errno.ENOMEDIUM) return;
    // That nothing may be seen at the path is no error of the store: whoever looks says so, once.
    if (operation === IoOperation.STANDING) return;
    const detail = { operation: nameOfOperation(operation), errno: -result };
    if (!isAboutBlocks(operation)) return disk.errors.note(detail);
    const { blockSize } = disk;
    disk.errors.note({ ...detail, lba: offset / blockSize, blocks: length / blockSize });
  }
}

/**
 * Whether something that was written may be lost. A write through to stable storage that fails may
 * have taken the news of other blocks that were lost with it: the next flush would report success.
 */
function isFlushFailure({ operation, result }: DiskRequest): boolean {
  switch (operation) {
    case IoOperation.SYNC:
    case IoOperation.WRITEBACK:
      return true;
    case IoOperation.WRITE_DURABLE:
      return !isRefusal(-result);
    default:
      return false;
  }
}

/** What has to be done when an operation has ended, beside telling that. */
function endOf(operation: number): (finished: IoRequest) => void {
  if (operation === IoOperation.READ) return endRead;
  const isDone = operation === IoOperation.WRITE_DURABLE || !changesBlocks(operation);
  return isDone ? proceed : endChange;
}

function proceed(finished: IoRequest): void {
  (finished as DiskRequest).proceed();
}

/** What is read of a medium that is gone by now must not pass for the data of the one that came after it. */
function endRead(finished: IoRequest): void {
  const request = finished as DiskRequest;
  if (request.medium.isRemoved) request.result = -Errno.ENOMEDIUM;
  request.proceed();
}

/** What ends before it is on stable storage is for the next flush. */
function endChange(finished: IoRequest): void {
  const request = finished as DiskRequest;
  if (request.result < 0) return request.proceed();
  if (request.mustSync) return request.sync();
  request.disk.flusher.noteWrite();
  request.proceed();
}
